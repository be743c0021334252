import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Message, sizeOf } from '../../app/telemetry/mqtt/message.ts';
import { OfflineQueue, type Waiting } from '../../app/telemetry/mqtt/offline-queue.ts';
import { Random, seeds } from '../support/random.ts';

function message(payload: string): Message {
  return { topic: 't', payload, qos: 1, retain: false };
}

function payloads(queue: OfflineQueue, now: number): string[] {
  const all: string[] = [];
  for (let next = queue.take(now); next !== undefined; next = queue.take(now)) {
    all.push(next.message.payload);
  }
  return all;
}

test('first in is first out', () => {
  const queue = new OfflineQueue(100, 60);
  for (const payload of ['a', 'b', 'c']) queue.put(message(payload), 0);
  assert.deepEqual(payloads(queue, 0), ['a', 'b', 'c']);
  assert.equal(queue.bytes, 0);
});

test('bytes are counted as sent, not as characters', () => {
  const queue = new OfflineQueue(100, 60);
  queue.put(message('é'), 0);
  assert.equal(queue.bytes, 3);
});

test('the oldest go when the bytes do not suffice, and a message too large goes itself', () => {
  const queue = new OfflineQueue(6, 60);
  for (const payload of ['a', 'b', 'c', 'd']) queue.put(message(payload), 0);
  assert.equal(queue.dropped, 1);
  queue.put(message('too large'), 0);
  assert.equal(queue.dropped, 5);
  assert.equal(queue.size, 0);
});

test('a message is kept until its time is over and not longer', () => {
  const queue = new OfflineQueue(100, 1);
  queue.put(message('a'), 0);
  queue.put(message('b'), 500);
  queue.expire(1000);
  assert.equal(queue.dropped, 0);
  queue.expire(1001);
  assert.equal(queue.dropped, 1);
  assert.deepEqual(payloads(queue, 1500), ['b']);
});

test('what is given back goes first again, with its age, and within the limits', () => {
  const queue = new OfflineQueue(8, 1);
  for (const payload of ['a', 'b', 'c']) queue.put(message(payload), 0);
  const taken = [queue.take(0), queue.take(0)].filter((entry) => entry !== undefined);
  queue.put(message('d'), 900);
  queue.put(message('e'), 900);
  queue.giveBack(taken, 900);
  assert.equal(queue.dropped, 1);
  assert.deepEqual(payloads(queue, 900), ['b', 'c', 'd', 'e']);
  queue.giveBack(taken, 1100);
  assert.equal(queue.size, 0);
  assert.equal(queue.dropped, 3);
});

test('what waits when a connection ends is marked as kept, and so is what comes without one', () => {
  const queue = new OfflineQueue(100, 60);
  for (const payload of ['a', 'b']) queue.put(message(payload), 0);
  const taken = [queue.take(0)].filter((entry) => entry !== undefined);
  queue.giveBack(taken, 0);
  queue.put(message('c'), 0, true);
  queue.put(message('d'), 0);
  const kept = Array.from({ length: 4 }, () => queue.take(0)?.kept);
  assert.deepEqual(kept, [true, true, true, false]);
});

test('a queue of no bytes keeps nothing', () => {
  const queue = new OfflineQueue(0, 60);
  queue.put(message(''), 0);
  assert.equal(queue.dropped, 1);
});

test('any sequence of calls behaves like a plain list with the same rules', () => {
  const [seed = 1] = seeds(1);
  const random = new Random(seed);
  const [limitBytes, limitSeconds] = [60, 2];
  const queue = new OfflineQueue(limitBytes, limitSeconds);
  let shadow: Waiting[] = [];
  let dropped = 0;
  let now = 0;
  const held: Waiting[] = [];
  const trim = () => {
    const bytes = () => shadow.reduce((sum, entry) => sum + sizeOf(entry.message), 0);
    while (shadow[0] && (now - shadow[0].since_ms > limitSeconds * 1000 || bytes() > limitBytes)) {
      shadow.shift();
      dropped++;
    }
    return bytes();
  };
  for (let step = 0; step < 5000; step++) {
    now += Math.floor(random.next() * 200);
    const choice = random.next();
    if (choice < 0.5) {
      const fresh = message('x'.repeat(Math.floor(random.next() * 12)));
      queue.put(fresh, now);
      shadow.push({ message: fresh, since_ms: now, kept: false });
    } else if (choice < 0.85) {
      const taken = queue.take(now);
      trim();
      assert.deepEqual(taken, shadow.shift(), `seed ${seed}, step ${step}`);
      if (taken !== undefined) held.push(taken);
    } else {
      const back = held.splice(0);
      queue.giveBack(back, now);
      shadow = [...back, ...shadow].map((entry) => ({ ...entry, kept: true }));
    }
    const bytes = trim();
    queue.expire(now);
    assert.deepEqual([queue.size, queue.bytes, queue.dropped], [shadow.length, bytes, dropped]);
  }
});
