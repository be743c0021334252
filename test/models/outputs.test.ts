import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { Model } from '../../app/models/model.ts';
import type { TensorInfo } from '../../app/models/tensor-info.ts';
import { House } from '../support/house.ts';
import { loadOriginal } from '../support/original.ts';
import { Random, seeds } from '../support/random.ts';
import { MODELS, modelFile, testWithShared } from '../support/shared.ts';

const house = new House(128);
before(() => house.start());
afterEach(() => house.clear());
after(() => house.stop());

/** Values as the camera gives them: the whole range of an integer, about -1 to 1 of a float. */
function draw(random: Random, input: TensorInfo): number[] {
  const count = input.shape.reduce((product, size) => product * size, 1);
  return Array.from({ length: count }, () => {
    switch (input.type) {
      case 'int8':
        return random.integer(-128, 127);
      case 'uint8':
        return random.integer(0, 255);
      case 'int16':
        return random.integer(-32768, 32767);
      default:
        return Math.fround(random.next() * 2 - 1);
    }
  });
}

const ARRAYS = { int8: Int8Array, uint8: Uint8Array, int16: Int16Array, float32: Float32Array };

function bytesOf(values: readonly number[], type: string): Uint8Array {
  const array = new ARRAYS[type as keyof typeof ARRAYS](values);
  return new Uint8Array(array.buffer);
}

async function run(model: Model, inputs: readonly number[][]): Promise<number[][]> {
  for (const [index, info] of model.inputs.entries()) {
    model.writeInput(index, bytesOf(inputs[index] as number[], info.type));
  }
  await model.invoke();
  return model.outputs.map((_, index) => Array.from(model.readOutput(index).values ?? [], Number));
}

/** The same on tfjs-tflite-node, in order of the pooled model's outputs. */
async function runOriginal(
  original: Awaited<ReturnType<typeof loadOriginal>>,
  inputs: readonly number[][],
): Promise<number[][]> {
  const tensors = original.inputs.map((info, index) =>
    tensor(inputs[index] as number[], info.shape, info.dtype),
  );
  const answer = original.predict(tensors);
  const named = 'dataSync' in answer ? [answer as Tensor] : Object.values(answer);
  return named.map((each) => Array.from(each.dataSync()));
}

for (const name of MODELS) {
  testWithShared(`${name} without delegate is bit-identical to tfjs-tflite-node`, async () => {
    const source = modelFile(name);
    const original = await loadOriginal(source, { numThreads: 1 });
    const model = await house.load({ name, source, delegate: 'none' }, 64);
    for (const seed of seeds(2)) {
      const random = new Random(seed);
      const inputs = model.inputs.map((info) => draw(random, info));
      assert.deepEqual(await run(model, inputs), await runOriginal(original, inputs));
    }
  });

  testWithShared(`${name} is within quantisation error of tfjs-tflite-node`, async () => {
    const source = modelFile(name);
    const original = await loadOriginal(source, { numThreads: 1 });
    const model = await house.load({ name, source, threads: 2 }, 64);
    for (const seed of seeds(2)) {
      const random = new Random(seed);
      const inputs = model.inputs.map((info) => draw(random, info));
      const expected = await runOriginal(original, inputs);
      for (const [index, output] of (await run(model, inputs)).entries()) {
        const info = model.outputs[index] as TensorInfo;
        const largest = Math.max(
          ...output.map((value, i) => difference(value, expected[index]?.[i])),
        );
        // One step where the output is quantised, else what float arithmetic in another order gives.
        const allowed = info.type === 'float32' ? 1e-4 : 1;
        assert.ok(largest <= allowed, `seed ${seed}: output ${index} is off by ${largest}`);
      }
    }
  });
}

function difference(value: number, expected: number | undefined): number {
  return Math.abs(value - (expected ?? Number.NaN));
}
