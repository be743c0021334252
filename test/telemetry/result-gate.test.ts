import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResultGate } from '../../app/telemetry/result-gate.ts';

test('the first answer passes, the same again does not, whenever it comes', () => {
  const gate = new ResultGate(1000);
  assert.equal(gate.passes('m', 'cat', 0), true);
  assert.equal(gate.passes('m', 'cat', 10), false);
  assert.equal(gate.passes('m', 'cat', 5000), false);
});

test('a new answer waits until the second is over', () => {
  const gate = new ResultGate(1000);
  gate.passes('m', 'cat', 0);
  assert.equal(gate.passes('m', 'dog', 999), false);
  assert.equal(gate.passes('m', 'dog', 1000), true);
});

test('an answer that came and went within the second is not told', () => {
  const gate = new ResultGate(1000);
  gate.passes('m', 'cat', 0);
  assert.equal(gate.passes('m', 'dog', 500), false);
  assert.equal(gate.passes('m', 'cat', 1500), false);
});

test('models do not wait for each other, and no answer is an answer too', () => {
  const gate = new ResultGate(1000);
  assert.equal(gate.passes('a', 'cat', 0), true);
  assert.equal(gate.passes('b', null, 0), true);
  assert.equal(gate.passes('b', null, 2000), false);
  assert.equal(gate.passes('b', 'cat', 2000), true);
});
