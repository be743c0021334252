/** Boards tell each other what they lend, through a real mosquitto. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { loadConfig } from '../../../app/config/load.ts';
import { Envelope } from '../../../app/telemetry/envelope.ts';
import { Neighbourhood } from '../../../app/telemetry/neighbourhood/neighbourhood.ts';
import { freePort, Mosquitto } from '../../support/brokers.ts';
import { Observer } from '../../support/observer.ts';
import { faultOf } from '../../support/payloads.ts';
import { recorded } from '../../support/silent.ts';
import { until } from '../../support/until.ts';

const broker = new Mosquitto(await freePort());
const URL_OF = { gateway: 'rediss://gateway.local:6379', shed: 'rediss://[fe80::2]:7000' };
const STAMP = { boot: '0a1b2c3d', sequence: 1, time: '2026-01-31T12:00:00.000Z' };
const started: { stop(): Promise<void> }[] = [];

before(() => broker.start());
afterEach(async () => {
  for (const each of started.splice(0)) await each.stop();
});
after(() => broker.remove());

/** `lending.freeBytes` is what its server has room for: the test's to change. */
async function board(device: string, parking: object) {
  const mqtt = { broker: broker.url, base: 'house' };
  const flags = { values: { device, mqtt, parking }, usage: false, subject: String };
  const config = loadConfig({ file: null, environment: {}, flags });
  const events: object[] = [];
  const event = (kind: string, fields: object = {}) => events.push({ kind, ...fields });
  const telemetry = { envelope: new Envelope(), event };
  const lending = { freeBytes: null as number | null };
  const log = recorded();
  const all = new Neighbourhood({ config, telemetry, lending, log, periodMs: 300 });
  started.push(all);
  await all.start();
  return { all, lending, events, log };
}

const lender = (device: keyof typeof URL_OF) =>
  board(device, { lend: { mb: 64, announce: URL_OF[device], password: 'of the lender' } });
const finder = (more = {}) =>
  board('camera', { neighbour: { discover: true, ca: 'house.pem', ...more } });

async function observe(): Promise<Observer> {
  const observer = await Observer.listen(broker.url, 'house/#');
  started.push({ stop: () => observer.close() });
  return observer;
}

test('what a board lends is announced, found, renewed, and taken back', async () => {
  const observer = await observe();
  const gateway = await lender('gateway');
  const camera = await finder();
  const rooms = async () => (await camera.all.offers()).map(({ free_bytes }) => free_bytes);
  await observer.hears('house/gateway/lending', '');
  gateway.lending.freeBytes = 5000;
  await until('it is found', async () => (await rooms()).length > 0);
  assert.deepEqual(await camera.all.offers(), [
    { device: 'gateway', url: URL_OF.gateway, free_bytes: 5000 },
  ]);
  gateway.lending.freeBytes = 7000;
  await until('it is renewed', async () => (await rooms()).includes(7000));
  const late = await observe();
  await until('kept', () => late.on('house/gateway/lending').length > 0);
  assert.equal(late.heard.find(({ retain }) => retain)?.topic, 'house/gateway/lending');
  gateway.lending.freeBytes = null;
  await until('it is taken back', async () => (await rooms()).length === 0);
  gateway.lending.freeBytes = 1;
  await until('it is found again', async () => (await rooms()).includes(1));
  await gateway.all.stop();
  await until('it is taken back at the end', async () => (await rooms()).length === 0);
  const faults = observer.heard.map(({ topic, payload }) => faultOf(topic, payload));
  assert.deepEqual(
    faults.filter((fault) => fault !== ''),
    [],
  );
  const text = observer.heard.map(({ payload }) => payload).join();
  assert.doesNotMatch(text, /of the lender/);
  assert.deepEqual([gateway.events, camera.events], [[], []]);
});

test('right after the start it waits for what is announced already', async () => {
  const observer = await observe();
  for (const device of ['gateway', 'shed'] as const) {
    const { lending } = await lender(device);
    lending.freeBytes = 1;
  }
  const topics = ['house/gateway/lending', 'house/shed/lending'];
  const announced = (topic: string) => observer.on(topic).some((payload) => payload !== '');
  await until('both are announced', () => topics.every(announced));
  const { all } = await finder();
  const devices = (await all.offers()).map(({ device }) => device);
  assert.deepEqual(devices.sort(), ['gateway', 'shed']);
});

test('who waits in vain is let go at the end', async () => {
  const { all } = await finder();
  const waiting = all.offers();
  await all.stop();
  assert.deepEqual(await waiting, []);
});

test('while the broker is away nothing is forgotten, and after it all is told again', async () => {
  const gateway = await lender('gateway');
  const camera = await finder();
  gateway.lending.freeBytes = 5000;
  await until('found', async () => (await camera.all.offers()).length > 0);
  await broker.kill();
  await until('away', () => camera.log.lines.some((line) => / is away/.test(line)));
  assert.equal((await camera.all.offers()).length, 1);
  gateway.lending.freeBytes = 6000;
  await broker.start();
  const [offer] = await camera.all.offers();
  assert.equal(offer?.device, 'gateway');
  await until('told again', async () => (await camera.all.offers())[0]?.free_bytes === 6000);
  const aloud = [...gateway.log.lines, ...camera.log.lines].filter((line) => !/^debug/.test(line));
  assert.deepEqual(aloud, []);
});

test('what cannot be used is ignored, with one event and one line', async () => {
  const observer = await observe();
  const { all, events, log } = await finder({ username: 'me', password: 'of the finder' });
  const say = (value: object) =>
    observer.say('house/evil/lending', JSON.stringify({ ...STAMP, free_bytes: 9, ...value }), {
      retain: true,
    });
  await say({ url: 'rediss://me:secret@gateway.local' });
  await say({ url: 'rediss://me:other@gateway.local' });
  await until('an event', () => events.length > 0);
  await say({ url: URL_OF.shed });
  await until('the good one', async () => (await all.offers()).length > 0);
  const message =
    '"evil" announces that it lends, and is ignored: ' +
    'url must be rediss://host:port and nothing else';
  assert.deepEqual(events, [{ kind: 'announcement_ignored', device: 'evil', message }]);
  const aloud = log.lines.filter((line) => !line.startsWith('debug'));
  assert.deepEqual(aloud, [`warn ${message}`]);
  const said = observer.heard.map(({ payload }) => payload).join();
  assert.doesNotMatch(said, /of the finder/);
});
