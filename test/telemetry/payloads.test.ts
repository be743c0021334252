/** What is sent is what `docs/mqtt/` says: real messages through a real mosquitto, kind by kind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/load.ts';
import { Telemetry } from '../../app/telemetry/telemetry.ts';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { Observer } from '../support/observer.ts';
import { faultOf, schemaOf } from '../support/payloads.ts';
import { silent } from '../support/silent.ts';
import { modelSnapshot, snapshot } from '../support/snapshots.ts';
import { until } from '../support/until.ts';

const box = { x: 0.1, y: 0.2, width: 0.3, height: 0.4 };
const news = { source: 'camera', latency_ms: 12.5, invoke_ms: 4, number: 7 };
const models = [modelSnapshot('classifier', 'Egyptian cat'), modelSnapshot('blind', null)];

test('every kind of message that there is keeps to its schema', async () => {
  const broker = new Mosquitto(await freePort());
  await broker.start();
  const observer = await Observer.listen(broker.url, 'edgepool/#');
  const mqtt = { broker: broker.url, state_seconds: 0.1, summary_seconds: 0.1 };
  const config = loadConfig({
    file: null,
    environment: {},
    flags: { values: { device: 'board', mqtt }, usage: true, subject: String },
  });
  const telemetry = new Telemetry(config, () => snapshot(models), silent);
  await telemetry.start();
  await until('connected', () => telemetry.snapshot().mqtt.connected);

  telemetry.event('started', { version: '1.2.3', models: ['classifier'] });
  telemetry.event('error', { message: 'model blind: no', more: 3 });
  const thing = { label: 'cat', score: 0.5 };
  telemetry.result({ ...news, model: 'classifier', top: [thing] });
  telemetry.result({ ...news, model: 'detector', top: [], detections: [{ ...thing, box }] });
  telemetry.result({ ...news, model: 'pose', top: [], keypoints: [{ ...thing, x: 0, y: 1 }] });
  telemetry.result({
    ...news,
    model: 'mask',
    top: [],
    mask: [{ label: 'road', share: 0.25, box }],
  });
  await broker.kill();
  await until('away', () => !telemetry.snapshot().mqtt.connected);
  telemetry.event('kept');
  await broker.start();
  await until('back', () => observer.on('edgepool/board/event').length >= 3);
  await until('a summary', () => observer.on('edgepool/board/summary').length > 0);
  await until('a state', () => observer.on('edgepool/board/state').length > 0);
  telemetry.event('stopping');
  await telemetry.stop();
  await observer.hears('edgepool/board/availability', 'offline');
  await observer.close();
  await broker.remove();

  const faults = observer.heard.map(({ topic, payload }) => faultOf(topic, payload));
  assert.deepEqual(
    faults.filter((fault) => fault !== ''),
    [],
  );
  const kinds = new Set(observer.heard.map(({ topic }) => schemaOf(topic)));
  assert.deepEqual([...kinds].sort(), ['availability', 'event', 'result', 'state', 'summary']);
  const results = observer.heard.filter(({ topic }) => schemaOf(topic) === 'result');
  assert.equal(results.length, 4);
});

test('a message that is not what its schema says is found out', () => {
  const stamp = { boot: '0a1b2c3d', sequence: 1, time: '2026-01-31T12:00:00.000Z' };
  const result = { ...stamp, source: 'c', frame: 1, latency_ms: 1, invoke_ms: 1, top: [] };
  const fault = (value: object) => faultOf('edgepool/b/model/m/result', JSON.stringify(value));
  assert.equal(fault(result), '');
  assert.match(fault({ ...result, sequence: 0 }), /sequence must be >= 1/);
  assert.match(fault({ ...result, picture: 'no' }), /additional properties/);
  assert.match(fault({ ...result, top: [{ label: 'cat' }] }), /required property 'score'/);
  assert.throws(() => faultOf('edgepool/b/other', '{}'), /no schema describes it/);
});
