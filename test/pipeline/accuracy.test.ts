import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrueShape } from '../../app/frames/source.ts';
import { Accuracy } from '../../app/pipeline/accuracy.ts';
import type { Detection } from '../../app/stats/answer.ts';

const shape = (label: string, x: number, visible = 1): TrueShape => ({
  label,
  visible,
  box: { x, y: 0, width: 0.2, height: 0.2 },
});
const found = (label: string, x: number): Detection => ({
  label,
  score: 1,
  box: { x, y: 0, width: 0.2, height: 0.2 },
});

function judged(detections: Detection[], truth: TrueShape[]): number | null {
  const accuracy = new Accuracy();
  accuracy.judge(detections, truth);
  return accuracy.value;
}

test('nothing is said before anything had to be found', () => {
  assert.equal(new Accuracy().value, null);
  assert.equal(judged([], [shape('red', 0, 0.3)]), null);
});

test('a box counts where its label and place are right', () => {
  const truth = [shape('red', 0), shape('blue', 0.5)];
  assert.equal(judged([found('red', 0.02), found('blue', 0.5)], truth), 1);
  assert.equal(judged([found('red', 0)], truth), 1 / 2);
  assert.equal(judged([found('blue', 0), found('red', 0.5)], truth), 0);
  assert.equal(judged([found('red', 0.15), found('blue', 0.5)], truth), 1 / 3);
});

test('a second box on one thing is false', () => {
  assert.equal(judged([found('red', 0), found('red', 0.01)], [shape('red', 0)]), 1 / 2);
});

test('what is mostly covered may be found, and need not be', () => {
  const truth = [shape('red', 0), shape('blue', 0.5, 0.4)];
  assert.equal(judged([found('red', 0)], truth), 1);
  assert.equal(judged([found('red', 0), found('blue', 0.5)], truth), 1);
});
