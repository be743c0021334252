import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedQueue } from '../../app/pipeline/bounded-queue.ts';
import { PeriodMeter } from '../../app/pipeline/period-meter.ts';
import { slotsFor } from '../../app/pipeline/pipeline.ts';
import { RateMeter } from '../../app/pipeline/rate-meter.ts';
import { Schedule, type Turns } from '../../app/pipeline/schedule.ts';

test('in a full queue the newest takes the place of the oldest', () => {
  const queue = new BoundedQueue<number>(1);
  assert.equal(queue.push(1), undefined);
  assert.equal(queue.push(2), 1);
  assert.equal(queue.push(3), 2);
  assert.equal(queue.shift(), 3);
  assert.equal(queue.shift(), undefined);
});

test('a longer queue gives its frames in order', () => {
  const queue = new BoundedQueue<number>(3);
  for (const item of [1, 2, 3, 4]) {
    queue.push(item);
  }
  assert.equal(queue.size, 3);
  assert.deepEqual([queue.shift(), queue.shift(), queue.shift()], [2, 3, 4]);
});

const EVERY_FRAME = { every: 1, fps: null, deadlineMs: null };
const PERIOD_NS = 1e9 / 30;

/** Which of the frames of a camera of 30 a second are taken. */
function taken(turns: Turns, index: number, numbers: readonly number[]): number[] {
  const schedule = new Schedule(turns, index);
  return numbers.filter((number) => schedule.takes(number, number * PERIOD_NS, PERIOD_NS));
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

test('a model is due on every n-th frame, and two of the same n take different ones', () => {
  const due = (every: number, index: number) => taken({ ...EVERY_FRAME, every }, index, upTo(7));
  assert.deepEqual(due(1, 5), [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(due(3, 0), [1, 4, 7]);
  assert.deepEqual(due(3, 1), [2, 5]);
  assert.deepEqual(due(3, 3), [1, 4, 7]);
});

test('a rate is kept over time, on the frames nearest to its turns', () => {
  const rate = (fps: number) => taken({ ...EVERY_FRAME, fps }, 0, upTo(300)).length;
  assert.equal(rate(10), 100);
  assert.equal(rate(7), 70);
  assert.equal(rate(29), 290);
});

test('a rate above that of the camera is each frame of it', () => {
  assert.equal(taken({ ...EVERY_FRAME, fps: 50 }, 0, upTo(30)).length, 30);
});

test('without a deadline of its own a model has until its next turn, of the camera as it is', () => {
  const schedule = new Schedule({ ...EVERY_FRAME, every: 3 }, 0);
  assert.equal(schedule.deadlineNs(33e6), 99e6);
  assert.equal(schedule.deadlineNs(100e6), 300e6);
  const rate = new Schedule({ ...EVERY_FRAME, fps: 5 }, 0);
  assert.equal(rate.deadlineNs(33e6), 200e6);
  assert.equal(rate.deadlineNs(1000e6), 1000e6);
});

test('a deadline of its own counts from the capture, whatever the camera does', () => {
  const schedule = new Schedule({ every: 3, fps: null, deadlineMs: 12.5 }, 0);
  assert.equal(schedule.deadlineNs(33e6), 12.5e6);
  assert.equal(schedule.deadlineNs(100e6), 12.5e6);
});

test('a camera that slows down is measured; one that jitters has the rate it was asked for', () => {
  const meter = new PeriodMeter(30);
  assert.equal(meter.ns, PERIOD_NS);
  let ns = 0;
  for (let number = 1; number <= 20; number += 1) {
    ns += PERIOD_NS + (number % 2 === 0 ? 1e6 : -1e6);
    meter.mark(number, ns);
  }
  assert.equal(meter.ns, PERIOD_NS);
  for (let number = 21; number <= 40; number += 1) {
    ns += 100e6;
    meter.mark(number, ns);
  }
  assert.ok(Math.abs(meter.ns - 100e6) < 1e-3);
});

test('a frame that was lost is no slow camera', () => {
  const meter = new PeriodMeter(10);
  for (const number of [1, 2, 5, 6]) meter.mark(number, number * 200e6);
  assert.equal(meter.ns, 200e6);
});

test('a rate is from the first time to the last, and a frame that was left out counts', () => {
  const meter = new RateMeter();
  assert.equal(meter.rate, 0);
  meter.mark(1e9, 1);
  assert.equal(meter.rate, 0);
  meter.mark(1.5e9);
  meter.mark(2e9);
  assert.equal(meter.rate, 2);
  meter.mark(3e9, 4);
  assert.equal(meter.rate, 3);
  assert.equal(meter.count, 7);
});

test('the ring has slots for what models may hold, and some while the event loop is busy', () => {
  assert.equal(slotsFor(0), 4);
  assert.equal(slotsFor(3), 10);
});
