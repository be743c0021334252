import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLoopDelay } from '../../app/stats/event-loop-delay.ts';
import { noMqtt, Registry } from '../../app/stats/registry.ts';

test('every part fills its own section and the others keep their zeros', () => {
  const registry = new Registry();
  registry.add({ snapshot: () => ({ bytes_copied: 7 }) });
  registry.add({ snapshot: () => ({ mqtt: { ...noMqtt(), published: 3, dropped: 1 } }) });
  const snapshot = registry.snapshot();
  assert.equal(snapshot.bytes_copied, 7);
  assert.deepEqual(snapshot.mqtt, { ...noMqtt(), published: 3, dropped: 1 });
  assert.equal(snapshot.frames.captured, 0);
  assert.equal(snapshot.accuracy, null);
});

test('a snapshot is a picture of its moment, and a removed part is in none', () => {
  const registry = new Registry();
  let copied = 1;
  const part = { snapshot: () => ({ bytes_copied: copied }) };
  registry.add(part);
  const before = registry.snapshot();
  copied = 2;
  assert.equal(before.bytes_copied, 1);
  assert.equal(registry.snapshot().bytes_copied, 2);
  registry.remove(part);
  assert.equal(registry.snapshot().bytes_copied, 0);
});

test('an event loop that is held up shows it as its largest delay', async () => {
  const delay = new EventLoopDelay();
  await delay.start();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const until = performance.now() + 60;
  while (performance.now() < until) {
    // Holds the loop: this is what is measured.
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  await delay.stop();
  const { max } = delay.snapshot().event_loop_delay_ms;
  assert.ok(max > 50, `a loop held for 60 ms shows ${max} ms`);
  const { max: later } = delay.snapshot().event_loop_delay_ms;
  assert.equal(later, max);
});
