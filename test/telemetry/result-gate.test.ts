import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '../../app/stats/answer.ts';
import { gistOf, ResultGate } from '../../app/telemetry/result-gate.ts';

const changes = () => new ResultGate({ interval_ms: 1000, passes: 'changed' });
const box = { x: 0, y: 0, width: 1, height: 1 };

function says(label: string | null, score = 0.9): Answer {
  return { top: label === null ? [] : [{ label, score }] };
}

function sees(...labels: string[]): Answer {
  return { top: [], detections: labels.map((label, x) => ({ label, score: x, box })) };
}

test('the first answer passes, the same again does not, whenever it comes', () => {
  const gate = changes();
  assert.equal(gate.passes('m', says('cat'), 0), true);
  assert.equal(gate.passes('m', says('cat', 0.5), 10), false);
  assert.equal(gate.passes('m', says('cat', 0.4), 5000), false);
});

test('a new answer waits until the second is over', () => {
  const gate = changes();
  gate.passes('m', says('cat'), 0);
  assert.equal(gate.passes('m', says('dog'), 999), false);
  assert.equal(gate.passes('m', says('dog'), 1000), true);
});

test('an answer that came and went within the second is not told', () => {
  const gate = changes();
  gate.passes('m', says('cat'), 0);
  assert.equal(gate.passes('m', says('dog'), 500), false);
  assert.equal(gate.passes('m', says('cat'), 1500), false);
});

test('models do not wait for each other, and no answer is an answer too', () => {
  const gate = changes();
  assert.equal(gate.passes('a', says('cat'), 0), true);
  assert.equal(gate.passes('b', says(null), 0), true);
  assert.equal(gate.passes('b', says(null), 2000), false);
  assert.equal(gate.passes('b', says('cat'), 2000), true);
});

test('of detections it is news what is there and how many, not where and how certain', () => {
  assert.equal(gistOf(sees('cat', 'dog')), gistOf(sees('dog', 'cat')));
  assert.notEqual(gistOf(sees('cat')), gistOf(sees('cat', 'cat')));
  assert.notEqual(gistOf(sees('cat')), gistOf(sees()));
});

test('who asks for all answers gets each, or the newest of an interval', () => {
  const every = new ResultGate({ interval_ms: 0, passes: 'all' });
  assert.deepEqual(
    [0, 33, 66].map((now) => every.passes('m', says('cat'), now)),
    [true, true, true],
  );
  const slow = new ResultGate({ interval_ms: 500, passes: 'all' });
  assert.deepEqual(
    [0, 33, 500].map((now) => slow.passes('m', says('cat'), now)),
    [true, false, true],
  );
});
