import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runsOf } from '../../app/dashboard/memory-view.ts';

test('equal neighbours become one run, and every chunk is in one', () => {
  assert.deepEqual(runsOf([]), []);
  assert.deepEqual(runsOf(Uint16Array.of(1, 1, 0, 2, 2, 2, 1)), [
    [1, 2],
    [0, 1],
    [2, 3],
    [1, 1],
  ]);
});
