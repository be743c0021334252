import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, afterEach, before } from 'node:test';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { Model } from '../../app/models/model.ts';
import type { TensorInfo } from '../../app/models/tensor-info.ts';
import { topIndices } from '../../app/models/top-k.ts';
import { House, MIB } from '../support/house.ts';
import { loadOriginal } from '../support/original.ts';
import { Random, seeds } from '../support/random.ts';
import {
  MODELS,
  madeModels,
  modelFile,
  modelName,
  testWithMade,
  testWithShared,
} from '../support/shared.ts';

const INT8 = /_int8\.tflite$/;
/** Two values of a place may each be off by a step. */
const MAP_ROUNDING_STEPS = 2;
const house = new House(320);
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

/** Peak of a load, its packed weights and tensors with room to spare. */
function poolMib(file: string): number {
  return Math.ceil((4 * statSync(file).size) / MIB) + 16;
}

async function isIdentical(file: string): Promise<void> {
  const name = modelName(file);
  const original = await loadOriginal(file, { numThreads: 1 });
  const model = await house.load({ name, source: file, delegate: 'none' }, poolMib(file));
  for (const seed of seeds(2)) {
    const random = new Random(seed);
    const inputs = model.inputs.map((info) => draw(random, info));
    assert.deepEqual(await run(model, inputs), await runOriginal(original, inputs));
  }
}

async function isClose(file: string): Promise<void> {
  const name = modelName(file);
  const original = await loadOriginal(file, { numThreads: 1 });
  const model = await house.load({ name, source: file, threads: 2 }, poolMib(file));
  for (const seed of seeds(2)) {
    const random = new Random(seed);
    const inputs = model.inputs.map((info) => draw(random, info));
    const expected = await runOriginal(original, inputs);
    for (const [index, output] of (await run(model, inputs)).entries()) {
      const info = model.outputs[index] as TensorInfo;
      compare(output, expected[index] as number[], info, `seed ${seed}, output ${index}`);
    }
  }
}

for (const name of MODELS) {
  testWithShared(`${name} without delegate is bit-identical to tfjs-tflite-node`, () =>
    isIdentical(modelFile(name)),
  );
  testWithShared(`${name} is within quantisation error of tfjs-tflite-node`, () =>
    isClose(modelFile(name)),
  );
}

/**
 * An int8 model of which there is the float form: where the delegate rounds otherwise, it changes
 * less than quantisation itself has changed.
 */
async function isWithinQuantisation(file: string): Promise<void> {
  const name = modelName(file);
  const quantised = await loadOriginal(file, { numThreads: 1 });
  const float = await loadOriginal(file.replace(INT8, '.tflite'), { numThreads: 1 });
  const model = await house.load({ name, source: file, threads: 2 }, poolMib(file));
  for (const seed of seeds(3)) {
    const random = new Random(seed);
    const inputs = model.inputs.map((info) => draw(random, info));
    const [output = []] = await run(model, inputs);
    const [reference = []] = await runOriginal(quantised, inputs);
    const [real = []] = await runOriginal(float, inputs);
    const changed = distance(output, reference);
    const byQuantisation = distance(reference, real);
    assert.ok(changed <= byQuantisation, `seed ${seed}: ${changed} is above ${byQuantisation}`);
  }
}

/** Root of the sum of squares. */
function distance(a: readonly number[], b: readonly number[]): number {
  assert.equal(a.length, b.length);
  return Math.hypot(...a.map((value, index) => value - (b[index] as number)));
}

for (const file of madeModels()) {
  const name = modelName(file);
  testWithMade(`${name}, made here, without delegate is bit-identical to tfjs-tflite-node`, () =>
    isIdentical(file),
  );
  testWithMade(`${name}, made here, is within quantisation error of tfjs-tflite-node`, () =>
    INT8.test(file) ? isWithinQuantisation(file) : isClose(file),
  );
}

testWithMade('the models that set-up makes are among those compared', () => {
  assert.ok(madeModels().length >= 5);
});

/**
 * Other kernels, other rounding. Floats agree to their last digits. In a quantised model each layer
 * may round to the next step, which a softmax at its end makes larger: a tenth of the range for a
 * single class, hardly anything over all, and the same class first.
 */
function compare(
  output: readonly number[],
  expected: readonly number[],
  info: TensorInfo,
  label: string,
): void {
  const differences = output.map((value, index) =>
    Math.abs(value - (expected[index] ?? Number.NaN)),
  );
  const largest = Math.max(...differences);
  if (info.type === 'float32') {
    assert.ok(largest <= 1e-5, `${label}: off by ${largest}`);
    return;
  }
  const mean = differences.reduce((sum, each) => sum + each, 0) / differences.length;
  assert.ok(largest <= 25, `${label}: off by ${largest} steps of 256`);
  assert.ok(mean <= 0.5, `${label}: off by ${mean} steps on average`);
  compareClasses(output, expected, info, label);
}

/** A classifier's best class is the same; on a map of places it is so at each place, where the two
 *  best are further apart than rounding may bring them. */
function compareClasses(
  output: readonly number[],
  expected: readonly number[],
  { shape }: TensorInfo,
  label: string,
): void {
  const classes = shape.at(-1) ?? 1;
  const isMap = shape.length === 4 && expected.length > classes;
  if (!isMap) {
    assert.deepEqual(topIndices(output, 1), topIndices(expected, 1), label);
    return;
  }
  let compared = 0;
  for (let first = 0; first < expected.length; first += classes) {
    const wanted = expected.slice(first, first + classes);
    const [best = 0, second = 0] = topIndices(wanted, 2);
    if ((wanted[best] as number) - (wanted[second] as number) <= MAP_ROUNDING_STEPS) continue;
    const found = topIndices(output.slice(first, first + classes), 1);
    assert.deepEqual(found, [best], `${label}, place ${first / classes}`);
    compared += 1;
  }
  assert.ok(compared > 0, `${label}: every place is undecided`);
}
