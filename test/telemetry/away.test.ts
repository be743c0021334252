/** What becomes of messages while a real mosquitto is killed and comes back. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { loadConfig } from '../../app/config/load.ts';
import { Telemetry } from '../../app/telemetry/telemetry.ts';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { Gate } from '../support/gate.ts';
import { Observer } from '../support/observer.ts';
import { silent } from '../support/silent.ts';
import { snapshot } from '../support/snapshots.ts';
import { until } from '../support/until.ts';

const EVENTS = 'edgepool/board/event';

let broker: Mosquitto;
let gate: Gate;
let closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  const behind = await freePort();
  broker = new Mosquitto(behind);
  gate = new Gate(behind);
  await gate.start();
  closers = [() => broker.remove(), () => gate.stop()];
  await broker.start();
});

afterEach(async () => {
  for (const close of closers.reverse()) await close();
});

async function device(mqtt: object = {}): Promise<Telemetry> {
  const values = {
    device: 'board',
    mqtt: {
      broker: `mqtt://127.0.0.1:${gate.port}`,
      state_seconds: 3600,
      discovery_prefix: null,
      ...mqtt,
    },
  };
  const config = loadConfig({
    file: null,
    environment: {},
    flags: { values, usage: true, subject: String },
  });
  const telemetry = new Telemetry(config, () => snapshot([]), silent);
  closers.push(() => telemetry.stop());
  await telemetry.start();
  return telemetry;
}

async function observer(): Promise<Observer> {
  const made = await Observer.listen(broker.url);
  closers.push(() => made.close());
  return made;
}

interface Heard {
  sequence: number;
  event: string;
  historical?: boolean;
  [key: string]: unknown;
}

function events(heard: Observer): Heard[] {
  return heard.on(EVENTS).map((payload) => JSON.parse(payload));
}

/** Kills the broker, lets `meanwhile` happen, and has a new one whose observer was there first. */
async function outage(telemetry: Telemetry, meanwhile: () => void): Promise<Observer> {
  await broker.kill();
  gate.close();
  await until('away', () => !telemetry.snapshot().mqtt.connected);
  meanwhile();
  await broker.start();
  const after = await observer();
  gate.open();
  await until('connected', () => telemetry.snapshot().mqtt.connected);
  await until('nothing waits', () => telemetry.snapshot().mqtt.waiting === 0);
  await until('broker_back', () => events(after).some(({ event }) => event === 'broker_back'));
  return after;
}

test('what was kept arrives in order, marked historical; what is new is not', async () => {
  gate.open();
  const telemetry = await device();
  await until('connected', () => telemetry.snapshot().mqtt.connected);
  const before = await observer();
  telemetry.event('live');
  await until('live', () => events(before).length === 1);
  assert.equal(events(before)[0]?.historical, undefined);

  const after = await outage(telemetry, () => {
    for (let number = 0; number < 50; number++) telemetry.event('kept', { number });
  });
  telemetry.event('new');
  await until('new', () => events(after).some(({ event }) => event === 'new'));

  const kept = events(after).filter(({ event }) => event === 'kept');
  assert.deepEqual(
    kept.map(({ number, sequence }) => [number, sequence]),
    Array.from({ length: 50 }, (_, index) => [index, index + 2]),
  );
  assert.ok(kept.every(({ historical }) => historical === true));
  const back = events(after).find(({ event }) => event === 'broker_back');
  assert.deepEqual([back?.kept, back?.dropped, back?.historical], [50, 0, undefined]);
  assert.equal(events(after).at(-1)?.historical, undefined);
});

test('what was given up is counted exactly: a number for each sequence that never came', async () => {
  gate.open();
  const telemetry = await device({ queue_bytes: 4000 });
  await until('connected', () => telemetry.snapshot().mqtt.connected);
  const after = await outage(telemetry, () => {
    for (let number = 0; number < 200; number++) telemetry.event('kept', { number });
  });
  const arrived = new Set(events(after).map(({ sequence }) => sequence));
  const last = Math.max(...arrived);
  const missing = last - arrived.size;
  const { published, dropped, waiting } = telemetry.snapshot().mqtt;
  assert.ok(missing > 100, `${missing} missing`);
  assert.equal(dropped, missing);
  assert.equal(published, arrived.size);
  assert.equal(waiting, 0);
  // The newest were kept.
  const numbers = events(after).flatMap(({ number }) => (typeof number === 'number' ? number : []));
  assert.equal(numbers.at(-1), 199);
  assert.equal(numbers[0], 200 - numbers.length);
  const back = events(after).find(({ event }) => event === 'broker_back');
  assert.equal(back?.dropped, missing);
});

test('what was on its way to a broker that died comes again, as historical', async () => {
  gate.open();
  const telemetry = await device();
  await until('connected', () => telemetry.snapshot().mqtt.connected);
  broker.process?.kill('SIGSTOP');
  for (let number = 0; number < 40; number++) telemetry.event('in flight', { number });
  const after = await outage(telemetry, () => undefined);
  const again = events(after).filter(({ event }) => event === 'in flight');
  assert.deepEqual(
    again.map(({ number, historical }) => [number, historical]),
    Array.from({ length: 40 }, (_, number) => [number, true]),
  );
  assert.equal(telemetry.snapshot().mqtt.dropped, 0);
});
