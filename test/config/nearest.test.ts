import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearest } from '../../app/config/nearest.ts';

test('the distance counts inserted, deleted, replaced and swapped characters', () => {
  assert.equal(editDistance('broker', 'broker'), 0);
  assert.equal(editDistance('broker', 'brokers'), 1);
  assert.equal(editDistance('broker', 'boker'), 1);
  assert.equal(editDistance('broker', 'brokex'), 1);
  assert.equal(editDistance('labels', 'lables'), 1);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('abc', ''), 3);
});

test('the nearest is found whatever the case, the first of equals', () => {
  assert.equal(nearest('FSP', ['report', 'fps', 'broker']), 'fps');
  assert.equal(nearest('ax', ['ab', 'ac']), 'ab');
  assert.equal(nearest('x', []), undefined);
});
