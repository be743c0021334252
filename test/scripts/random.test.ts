import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../scripts/models/random.ts';

test('a seed gives the same numbers on every machine', () => {
  const random = new Random(1);
  const drawn = Array.from({ length: 4 }, () => random.bits());
  assert.deepEqual(drawn, [393288148, 2174103013, 3814759091, 2092745082]);
});

test('different seeds give different numbers', () => {
  const first = new Random(1).fill(8, 1);
  assert.notDeepEqual(first, new Random(2).fill(8, 1));
});

test('uniform numbers fill their range evenly', () => {
  const drawn = new Random(7).fill(100_000, 3);
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  const variance = drawn.reduce((sum, value) => sum + value * value, 0) / drawn.length;
  assert.ok(drawn.every((value) => value >= -3 && value <= 3));
  // A uniform distribution in ±3 has mean 0 and variance 3; five deviations of the estimates.
  assert.ok(Math.abs(mean) < 5 * Math.sqrt(3 / drawn.length), `mean ${mean}`);
  assert.ok(Math.abs(variance - 3) < 0.05, `variance ${variance}`);
});
