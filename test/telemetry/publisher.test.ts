/** One suite, run against the broker inside the program and against a real mosquitto. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Message } from '../../app/telemetry/mqtt/message.ts';
import { Publisher, type PublisherOptions } from '../../app/telemetry/mqtt/publisher.ts';
import { Embedded, freePort, Mosquitto, type TestBroker } from '../support/brokers.ts';
import { Observer } from '../support/observer.ts';
import { Random, seeds } from '../support/random.ts';
import { silent } from '../support/silent.ts';
import { until } from '../support/until.ts';
import { AVAILABILITY, publisherOptions } from './publisher-options.ts';

const TOPIC = 'test/device/event';

function message(payload: number | string, qos: 0 | 1 = 1): Message {
  return { topic: TOPIC, payload: String(payload), qos, retain: false };
}

/** On a topic of its own, so that the broker keeps it. */
function retained(payload: string): Message {
  return { topic: `${TOPIC}/${payload}`, payload, qos: 1, retain: true };
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
}

function countsOf(device: Publisher) {
  const { published, dropped, waiting } = device.snapshot().mqtt;
  return { published, dropped, waiting };
}

function suite(name: string, make: (port: number) => TestBroker): void {
  describe(name, () => {
    let broker: TestBroker;
    let closers: (() => Promise<void>)[] = [];

    beforeEach(async () => {
      broker = make(await freePort());
      closers = [() => broker.kill()];
    });

    afterEach(async () => {
      for (const close of closers.reverse()) await close();
    });

    async function observer(topic?: string): Promise<Observer> {
      const made = await Observer.listen(broker.url, topic);
      closers.push(() => made.close());
      return made;
    }

    async function publisher(more: Partial<PublisherOptions> = {}): Promise<Publisher> {
      const made = new Publisher(publisherOptions(broker.url, more), silent);
      closers.push(() => made.stop());
      await made.start();
      return made;
    }

    async function connected(made: Publisher): Promise<void> {
      await until('connected', () => made.snapshot().mqtt.connected);
    }

    /** What has reached the broker of `retained`, whoever was listening then, when it is enough. */
    async function keptByBroker(enough: number): Promise<string[]> {
      const watcher = await observer(`${TOPIC}/#`);
      const kept = () => watcher.heard.filter(({ retain }) => retain);
      await until(`${enough} kept messages`, () => kept().length >= enough);
      const payloads = kept().map(({ payload }) => payload);
      return payloads.sort();
    }

    test('online is retained, and offline after a clean stop', async () => {
      await broker.start();
      const device = await publisher();
      await connected(device);
      await (await observer()).hears(AVAILABILITY, 'online');
      await device.stop();
      const late = await observer();
      await late.hears(AVAILABILITY, 'offline');
      assert.deepEqual(
        late.heard.map(({ retain }) => retain),
        [true],
      );
    });

    test('a device that is killed is offline by its last will', async () => {
      await broker.start();
      const child = spawn(
        process.execPath,
        [
          '--import',
          import.meta.resolve('tsx'),
          fileURLToPath(new URL('publisher-child.ts', import.meta.url)),
          broker.url,
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      await once(child.stdout, 'data');
      const watcher = await observer();
      await watcher.hears(AVAILABILITY, 'online');
      child.kill('SIGKILL');
      await watcher.hears(AVAILABILITY, 'offline');
    });

    test('both qualities of service arrive in order and are counted once each', async () => {
      await broker.start();
      const watcher = await observer(TOPIC);
      const device = await publisher();
      await connected(device);
      for (const payload of numbers(1, 100)) device.publish(message(payload, 1));
      await watcher.hears(TOPIC, '100');
      for (const payload of numbers(101, 120)) device.publish(message(payload, 0));
      await watcher.hears(TOPIC, '120');
      await until('all confirmed', () => device.snapshot().mqtt.published === 120);
      assert.deepEqual(watcher.on(TOPIC), numbers(1, 120));
      assert.equal(device.snapshot().mqtt.dropped, 0);
      assert.deepEqual(
        watcher.heard.map(({ qos }) => qos),
        [...Array(100).fill(1), ...Array(20).fill(0)],
      );
    });

    test('a clean stop delivers what was published just before', async () => {
      await broker.start();
      const watcher = await observer(TOPIC);
      const device = await publisher();
      await connected(device);
      for (const payload of numbers(1, 50)) device.publish(message(payload));
      await device.stop();
      assert.equal(device.snapshot().mqtt.published, 50);
      await watcher.hears(TOPIC, '50');
      assert.deepEqual(watcher.on(TOPIC), numbers(1, 50));
    });

    test('without a broker at the start events wait, and state is dropped and counted', async () => {
      const device = await publisher();
      for (const payload of numbers(11, 20)) device.publish(retained(payload));
      for (const payload of numbers(21, 25)) device.publish(message(payload, 0));
      assert.deepEqual(countsOf(device), { published: 0, dropped: 5, waiting: 10 });
      await broker.start();
      await until('all confirmed', () => device.snapshot().mqtt.published === 10);
      assert.equal(device.snapshot().mqtt.dropped, 5);
      assert.deepEqual(await keptByBroker(10), numbers(11, 20));
    });

    test('a broker that goes and returns: what was not delivered is the oldest, and counted', async () => {
      await broker.start();
      const device = await publisher({ queueBytes: 8 * (TOPIC.length + 5) });
      await connected(device);
      await broker.kill();
      await until('away', () => !device.snapshot().mqtt.connected);
      for (const payload of numbers(10, 29)) device.publish(retained(payload));
      for (const payload of numbers(30, 34)) device.publish(message(payload, 0));
      assert.equal(device.snapshot().mqtt.dropped, 12 + 5);
      await broker.start();
      await until('the rest confirmed', () => device.snapshot().mqtt.published === 8);
      assert.equal(device.snapshot().mqtt.dropped, 17);
      assert.deepEqual(await keptByBroker(8), numbers(22, 29));
      await (await observer()).hears(AVAILABILITY, 'online');
    });

    test('what has waited too long is dropped', async () => {
      const device = await publisher({ queueSeconds: 0.05 });
      device.publish(message('old'));
      await until('dropped', () => device.snapshot().mqtt.dropped === 1);
      await broker.start();
      const watcher = await observer(TOPIC);
      await connected(device);
      device.publish(message('new'));
      await watcher.hears(TOPIC, 'new');
      assert.deepEqual(watcher.on(TOPIC), ['new']);
    });

    test('stopping while the broker is away is quick and counts what was left', async () => {
      const device = await publisher();
      for (const payload of numbers(1, 7)) device.publish(message(payload));
      const start = performance.now();
      await device.stop();
      assert.ok(performance.now() - start < 500);
      assert.deepEqual(countsOf(device), { published: 0, dropped: 7, waiting: 0 });
    });

    test('however often the broker goes, every message is published or dropped', async () => {
      const [seed = 1] = seeds(1);
      const random = new Random(seed);
      await broker.start();
      const device = await publisher({ queueBytes: 500 });
      let offered = 0;
      for (let round = 0; round < 6; round++) {
        if (random.next() < 0.5) await connected(device);
        for (let count = Math.floor(random.next() * 60); count > 0; count--) {
          device.publish(message(offered++, random.next() < 0.3 ? 0 : 1));
          if (random.next() < 0.05) await new Promise((resolve) => setImmediate(resolve));
        }
        await broker.kill();
        if (random.next() < 0.5) await until('away', () => !device.snapshot().mqtt.connected);
        await broker.start();
      }
      await device.stop();
      const { published, dropped } = device.snapshot().mqtt;
      assert.equal(published + dropped, offered, `seed ${seed}`);
    });
  });
}

suite('the broker inside the program', (port) => new Embedded(port));
suite('mosquitto', (port) => new Mosquitto(port));

test('what a broker has not confirmed when it dies is sent again to the next', async () => {
  const broker = new Mosquitto(await freePort());
  await broker.start();
  const device = new Publisher(publisherOptions(broker.url, {}), silent);
  await device.start();
  await until('connected', () => device.snapshot().mqtt.connected);
  broker.process?.kill('SIGSTOP');
  for (const payload of numbers(1, 5)) device.publish(message(payload));
  await broker.kill();
  await until('away', () => !device.snapshot().mqtt.connected);
  await broker.start();
  await until('confirmed', () => device.snapshot().mqtt.published === 5);
  assert.equal(device.snapshot().mqtt.dropped, 0);
  await device.stop();
  await broker.remove();
});
