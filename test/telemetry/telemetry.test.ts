import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/load.ts';
import { noMqtt } from '../../app/stats/registry.ts';
import { Telemetry } from '../../app/telemetry/telemetry.ts';
import { answers, freePort, Mosquitto } from '../support/brokers.ts';
import { Observer } from '../support/observer.ts';
import { silent } from '../support/silent.ts';
import { modelSnapshot, snapshot } from '../support/snapshots.ts';
import { until } from '../support/until.ts';

const now = snapshot([modelSnapshot('mobilenet', 'Egyptian cat')]);
const cat = { label: 'Egyptian cat', score: 0.9 };
const tabby = { label: 'tabby', score: 0.8 };
const times = { latency_ms: 12, invoke_ms: 4 };

function configFor(mqtt: object) {
  const values = { device: 'board', mqtt: { state_seconds: 0.1, discovery_prefix: null, ...mqtt } };
  return loadConfig({
    file: null,
    environment: {},
    flags: { values, usage: true, subject: (path) => path.join('.') },
  });
}

test('a house with a broker hears availability, state, results and events, under one base', async () => {
  const broker = new Mosquitto(await freePort());
  await broker.start();
  const observer = await Observer.listen(broker.url);
  const telemetry = new Telemetry(
    configFor({ broker: broker.url, base: 'a/b' }),
    () => now,
    silent,
  );
  await telemetry.start();
  await until('connected', () => telemetry.snapshot().mqtt.connected);
  telemetry.event('started', { models: ['mobilenet'] });
  telemetry.result({ ...times, number: 7, model: 'mobilenet', source: 'front', top: [cat, tabby] });
  telemetry.result({ ...times, number: 8, model: 'mobilenet', source: 'front', top: [tabby, cat] });
  await until('two states', () => observer.on('a/b/board/state').length >= 2);
  await telemetry.stop();
  await observer.hears('a/b/board/availability', 'offline');
  await observer.close();
  await broker.remove();

  assert.deepEqual(observer.on('a/b/board/availability'), ['online', 'offline']);
  const { boot, sequence, time, ...state } = JSON.parse(observer.on('a/b/board/state')[0] ?? '');
  assert.deepEqual(state, now);
  assert.match(boot, /^[0-9a-f]{8}$/);
  assert.ok(sequence > 2 && Date.parse(time) > 0);
  const result = JSON.parse(observer.on('a/b/board/model/mobilenet/result')[0] ?? '');
  assert.ok(Math.abs(Date.parse(result.time) - Date.now()) < 60_000);
  const stamp = { boot, sequence: 2, time: result.time };
  const expected = { ...stamp, source: 'front', frame: 7, ...times, top: [cat, tabby] };
  assert.deepEqual(result, expected);
  assert.equal(observer.on('a/b/board/model/mobilenet/result').length, 1);
  const event = JSON.parse(observer.on('a/b/board/event')[0] ?? '');
  const first = { boot, sequence: 1, time: event.time };
  assert.deepEqual(event, { ...first, event: 'started', models: ['mobilenet'] });
  const qualities = new Map(observer.heard.map(({ topic, qos }) => [topic.split('/').at(-1), qos]));
  assert.deepEqual(
    qualities,
    new Map([
      ['availability', 1],
      ['event', 1],
      ['result', 1],
      ['state', 0],
    ]),
  );
  assert.ok(observer.heard.every((message) => !message.retain));
});

test('the broker inside the program serves the same, and ends with it', async () => {
  const telemetry = new Telemetry(configFor({}), () => now, silent);
  await telemetry.start();
  const url = telemetry.url ?? '';
  const observer = await Observer.listen(url);
  await observer.hears('edgepool/board/availability', 'online');
  await until('a state', () => observer.on('edgepool/board/state').length > 0);
  await observer.close();
  await telemetry.stop();
  assert.equal(await answers(Number(new URL(url).port)), false);
});

test('what is told before the start is told after it', async () => {
  const broker = new Mosquitto(await freePort());
  await broker.start();
  const observer = await Observer.listen(broker.url);
  const telemetry = new Telemetry(configFor({ broker: broker.url }), () => now, silent);
  telemetry.event('early');
  await telemetry.start();
  telemetry.event('later');
  const told = () => observer.on('edgepool/board/event').map((text) => JSON.parse(text).event);
  await until('both', () => told().length === 2);
  assert.deepEqual(told(), ['early', 'later']);
  await telemetry.stop();
  await observer.close();
  await broker.remove();
});

test('without a broker nothing is published and nothing is counted', async () => {
  const telemetry = new Telemetry(configFor({ broker: 'none' }), () => now, silent);
  await telemetry.start();
  telemetry.event('started');
  await telemetry.stop();
  assert.equal(telemetry.url, null);
  assert.deepEqual(telemetry.snapshot().mqtt, noMqtt());
});

test('starting and stopping twice is safe', async () => {
  const telemetry = new Telemetry(configFor({}), () => now, silent);
  await telemetry.stop();
  await telemetry.start();
  await telemetry.start();
  await telemetry.stop();
  await telemetry.stop();
});
