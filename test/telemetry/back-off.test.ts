import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackOff } from '../../app/telemetry/mqtt/back-off.ts';

test('waiting times double up to the longest, and begin anew after a reset', () => {
  const backOff = new BackOff({ first_ms: 100, longest_ms: 700 }, () => 0);
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(() => backOff.next()),
    [100, 200, 400, 700, 700],
  );
  backOff.reset();
  assert.equal(backOff.next(), 100);
});

test('a waiting time is up to a quarter longer by chance', () => {
  const backOff = new BackOff({ first_ms: 100, longest_ms: 700 }, () => 0.999);
  const wait = backOff.next();
  assert.ok(wait > 124 && wait < 125);
});

test('a thousand failures do not overflow', () => {
  const backOff = new BackOff({ first_ms: 100, longest_ms: 700 }, () => 0);
  for (let count = 0; count < 1000; count++) backOff.next();
  assert.equal(backOff.next(), 700);
});
