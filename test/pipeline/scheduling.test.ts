import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedQueue } from '../../app/pipeline/bounded-queue.ts';
import { slotsFor } from '../../app/pipeline/pipeline.ts';
import { RateMeter } from '../../app/pipeline/rate-meter.ts';
import { Schedule } from '../../app/pipeline/schedule.ts';

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

test('a model is due on every n-th frame, and two of the same n take different ones', () => {
  const due = (every: number, index: number) =>
    [1, 2, 3, 4, 5, 6, 7].filter((number) => new Schedule(every, index, 30, null).isDue(number));
  assert.deepEqual(due(1, 5), [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(due(3, 0), [1, 4, 7]);
  assert.deepEqual(due(3, 1), [2, 5]);
  assert.deepEqual(due(3, 3), [1, 4, 7]);
});

test('without a deadline of its own a model has until its next turn', () => {
  const schedule = new Schedule(3, 0, 30, null);
  assert.ok(schedule.inTime(1e9, 1e9 + 100e6));
  assert.ok(!schedule.inTime(1e9, 1e9 + 100e6 + 1));
});

test('a deadline of its own counts from the capture', () => {
  const schedule = new Schedule(3, 0, 30, 12.5);
  assert.ok(schedule.inTime(5e9, 5e9 + 12.5e6));
  assert.ok(!schedule.inTime(5e9, 5e9 + 12.6e6));
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

test('the ring has a slot for every frame that may be held at once, and one to fill', () => {
  assert.equal(slotsFor(0), 2);
  assert.equal(slotsFor(3), 8);
});
