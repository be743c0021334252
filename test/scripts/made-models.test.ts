/** What the maker writes, run by the real TensorFlow Lite of tfjs-tflite-node. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { calibrationPicture } from '../../scripts/models/calibration.ts';
import { CATALOGUE, type CatalogueEntry } from '../../scripts/models/catalogue.ts';
import { makeModel, prepare, type TrainedGraph } from '../../scripts/models/make-model.ts';

/** The part of the addon's interface that is used here. */
interface TensorInfo {
  shape: string;
  dataType: string;
  data(): Float32Array | Int8Array;
}
interface Runner {
  getInputs(): [TensorInfo];
  getOutputs(): [TensorInfo];
  infer(): boolean;
}
const { TFLiteNodeModelRunner } = createRequire(import.meta.url)(
  '@tensorflow/tfjs-tflite-node',
) as { TFLiteNodeModelRunner: new (model: ArrayBuffer, options: object) => Runner };

const PICTURES = 6;

/** One network's pictures, which its calibration has not seen, and what the file says to each. */
function run(entry: CatalogueEntry, trained: TrainedGraph): Float32Array[] {
  const bytes = makeModel(entry, trained);
  const model = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const runner = new TFLiteNodeModelRunner(model as ArrayBuffer, { threads: 2 });
  const size = entry.name.startsWith('tiny') ? 96 : 224;
  const [input] = runner.getInputs();
  assert.equal(input.shape, `1,${size},${size},3`);
  assert.equal(input.dataType, entry.form);
  return Array.from({ length: PICTURES }, (_, i) => {
    const picture = calibrationPicture(500 + i, size, size);
    const values = entry.form === 'int8' ? picture.map((x) => Math.round(x * 127.5 - 1)) : picture;
    input.data().set(values.map((x) => (entry.form === 'int8' ? Math.max(x, -128) : x)));
    assert.ok(runner.infer());
    return Float32Array.from(runner.getOutputs()[0].data());
  });
}

function top(scores: Float32Array): number {
  return scores.indexOf(scores.reduce((best, score) => Math.max(best, score)));
}

/** Of the logarithms: softmax would leave little but its largest value. */
function correlation(a: Float32Array, b: Float32Array): number {
  const centre = (scores: Float32Array): Float32Array => {
    const logits = scores.map((score) => Math.log(score + 1e-12));
    const mean = logits.reduce((sum, x) => sum + x, 0) / logits.length;
    return logits.map((x) => x - mean);
  };
  const [x, y] = [centre(a), centre(b)];
  const dot = (u: Float32Array, v: Float32Array): number =>
    u.reduce((sum, value, i) => sum + value * (v[i] ?? 0), 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

for (const network of new Set(CATALOGUE.map((entry) => entry.network))) {
  const entries = CATALOGUE.filter((entry) => entry.network === network);
  const [first] = entries;
  assert.ok(first);
  const trained = prepare(first);
  const scores = new Map(entries.map((entry) => [entry.form, run(entry, trained)]));

  for (const [form, outputs] of scores) {
    test(`${network.name} in ${form} gives a distribution over its classes`, () => {
      for (const output of outputs) {
        assert.ok(output.every((score) => score >= 0 && score <= 1));
        assert.ok(Math.abs(output.reduce((sum, score) => sum + score, 0) - 1) < 1e-3);
      }
    });

    test(`${network.name} in ${form} says different things about different pictures`, () => {
      assert.ok(new Set(outputs.map(top)).size >= 2);
      outputs.slice(1).forEach((output, i) => {
        const alike = correlation(output, outputs[i] as Float32Array);
        assert.ok(alike < 0.95, `pictures ${i} and ${i + 1} correlate by ${alike}`);
      });
    });
  }

  const [float, int8] = [scores.get('float32'), scores.get('int8')];
  if (float === undefined || int8 === undefined) continue;
  test(`${network.name} in int8 agrees with float32`, () => {
    const alike = float.map((output, i) => correlation(output, int8[i] as Float32Array));
    const median = alike.toSorted((a, b) => a - b)[Math.floor(PICTURES / 2)] as number;
    // Random weights amplify the rounding of 50 layers more than trained ones do; a wrong scale or
    // zero point anywhere leaves nothing of the correlation.
    assert.ok(median > 0.85, alike.join(', '));
  });
}
