import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TensorBuffer } from '../../app/models/tensor-buffer.ts';
import { topClasses, topIndices } from '../../app/models/top-k.ts';
import { Random, seeds } from '../support/random.ts';

test('the k largest are those of a stable sort, whatever the order of the values', () => {
  for (const seed of seeds(20)) {
    const random = new Random(seed);
    const values = Array.from({ length: random.integer(0, 200) }, () => random.integer(-20, 20));
    const k = random.integer(1, 12);
    const sorted = values.map((_, index) => index);
    sorted.sort((a, b) => (values[b] as number) - (values[a] as number) || a - b);
    assert.deepEqual(topIndices(values, k), sorted.slice(0, k), `seed ${seed}, k ${k}`);
  }
});

test('NaN is never among the best', () => {
  assert.deepEqual(topIndices(Float32Array.of(Number.NaN, 1, Number.NaN, 3), 3), [3, 1]);
  assert.deepEqual(topIndices(Float32Array.of(Number.NaN), 1), []);
});

test('64-bit integers are ordered as integers', () => {
  assert.deepEqual(topIndices(BigInt64Array.of(1n, 2n ** 60n, 2n ** 60n + 1n), 2), [2, 1]);
});

test('raw integers are ordered as they are and only the best are dequantised', () => {
  const info = {
    name: 's',
    type: 'int8',
    shape: [1, 3],
    bytes: 3,
    scale: 0.5,
    zeroPoint: -2,
  } as const;
  const output = new TensorBuffer({ ...info, shape: [...info.shape] });
  (output.values as Int8Array).set([-2, 10, -128]);
  assert.deepEqual(topClasses(output, ['none', 'cat'], 2), [
    { label: 'cat', score: 6 },
    { label: 'none', score: 0 },
  ]);
  assert.deepEqual(topClasses(output, [], 1), [{ label: 'class 1', score: 6 }]);
});

test('a tensor of a type that JavaScript has no array for has no classes', () => {
  const info = { name: 's', type: 'string' as const, shape: [1], bytes: 8, scale: 0, zeroPoint: 0 };
  assert.deepEqual(topClasses(new TensorBuffer(info), [], 3), []);
});
