import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Frame } from '../../app/pipeline/frame.ts';
import { FrameTally } from '../../app/pipeline/frame-tally.ts';
import { noDrops } from '../../app/stats/registry.ts';

const MS = 1e6;

/** Frame `number` of a source of 10 a second, with `due` models. */
function frameOf(number: number, due: number): Frame {
  return new Frame({
    source: 'camera',
    number,
    sourceNumber: number,
    slot: 0,
    capturedNs: number * 100 * MS,
    native: new Uint8Array(),
    size: { width: 1, height: 1 },
    due,
  });
}

test('a frame is completed when every model that was due has answered', () => {
  const tally = new FrameTally();
  const frame = frameOf(1, 2);
  tally.capture(1, frame.capturedNs);
  tally.answer(frame, frame.capturedNs + 8 * MS, true);
  assert.equal(tally.snapshot().frames.completed, 0);
  tally.answer(frame, frame.capturedNs + 5 * MS, true);
  const { frames, frame_latency_ms } = tally.snapshot();
  assert.equal(frames.completed, 1);
  assert.equal(frame_latency_ms.max, 8);
});

test('a frame on which one turn was dropped is not completed, and the drop is a miss', () => {
  const tally = new FrameTally();
  const frame = frameOf(1, 2);
  tally.capture(1, frame.capturedNs);
  tally.drop(frame, 'superseded');
  tally.answer(frame, frame.capturedNs + MS, true);
  const { frames, deadline_hit_ratio } = tally.snapshot();
  assert.equal(frames.completed, 0);
  assert.deepEqual(frames.dropped, { ...noDrops(), superseded: 1 });
  assert.equal(deadline_hit_ratio, 0.5);
});

test('a late answer completes its frame and is a miss all the same', () => {
  const tally = new FrameTally();
  const frame = frameOf(1, 1);
  tally.capture(1, frame.capturedNs);
  tally.answer(frame, frame.capturedNs + 400 * MS, false);
  const { frames, deadline_hit_ratio } = tally.snapshot();
  assert.equal(frames.completed, 1);
  assert.equal(deadline_hit_ratio, 0);
});

test('a frame that no model is due on is completed as it comes, and has no latency', () => {
  const tally = new FrameTally();
  for (const number of [1, 2]) {
    const idle = frameOf(number, 0);
    tally.capture(number, idle.capturedNs);
    tally.settle(idle);
  }
  const frame = frameOf(3, 1);
  tally.capture(3, frame.capturedNs);
  tally.answer(frame, frame.capturedNs + 8 * MS, true);
  const { frames, frame_latency_ms } = tally.snapshot();
  assert.equal(frames.completed, 3);
  assert.ok(frame_latency_ms.p50 > 7.9, `p50 is ${frame_latency_ms.p50}`);
});

test('both rates are a second, and frames the source gave without a slot count as given', () => {
  const tally = new FrameTally();
  for (const number of [1, 2, 3]) {
    const frame = frameOf(number, 1);
    assert.deepEqual(tally.capture(number, frame.capturedNs), []);
    tally.answer(frame, frame.capturedNs + 5 * MS, true);
  }
  assert.deepEqual(tally.noSlot(4), []);
  const last = frameOf(5, 1);
  assert.deepEqual(tally.capture(5, last.capturedNs), []);
  tally.answer(last, last.capturedNs + 5 * MS, true);
  const { frames } = tally.snapshot();
  assert.equal(frames.captured, 4);
  assert.equal(frames.dropped.no_slot, 1);
  assert.equal(frames.camera_fps, 10);
  assert.equal(frames.fps, 7.5);
});

test('numbers that the source leaves out are named once, before whatever comes next', () => {
  const tally = new FrameTally();
  assert.deepEqual(tally.capture(3, 300 * MS), []);
  assert.deepEqual(tally.capture(6, 600 * MS), [4, 5]);
  assert.deepEqual(tally.noSlot(8), [7]);
  assert.deepEqual(tally.capture(9, 900 * MS), []);
});

test('with nothing due nothing was missed', () => {
  assert.equal(new FrameTally().snapshot().deadline_hit_ratio, 1);
});

test('the figures of two sources add up', () => {
  const tallies = [1, 2].map((models) => {
    const tally = new FrameTally();
    for (const number of [1, 2, 3]) {
      const frame = frameOf(number, models);
      tally.capture(number, frame.capturedNs);
      for (let answers = 0; answers < models; answers += 1) {
        tally.answer(frame, frame.capturedNs + models * MS, answers === 0);
      }
    }
    return tally;
  });
  const { frames, deadline_hit_ratio, frame_latency_ms } = FrameTally.sum(tallies);
  assert.deepEqual([frames.captured, frames.completed], [6, 6]);
  assert.deepEqual([frames.camera_fps, frames.fps], [20, 20]);
  assert.equal(deadline_hit_ratio, 6 / 9);
  assert.equal(frame_latency_ms.max, 2);
});
