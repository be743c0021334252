/** Commands as messages: how they are taken, answered and refused, by a real mosquitto. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { loadConfig } from '../../app/config/load.ts';
import { Envelope } from '../../app/telemetry/envelope.ts';
import type { Message } from '../../app/telemetry/mqtt/message.ts';
import { Topics } from '../../app/telemetry/mqtt/topics.ts';
import { type Execute, Requests } from '../../app/telemetry/requests.ts';
import { responseTopicFault } from '../../app/telemetry/response-topic.ts';
import { Telemetry } from '../../app/telemetry/telemetry.ts';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { Observer } from '../support/observer.ts';
import { faultOf } from '../support/payloads.ts';
import { silent } from '../support/silent.ts';
import { snapshot } from '../support/snapshots.ts';
import { until } from '../support/until.ts';

const SET = 'edgepool/board/set';
const RESPONSE = 'edgepool/board/response';

let broker: Mosquitto;
let closers: (() => Promise<void>)[] = [];
let done: [string, unknown][] = [];

/** What does commands: remembers them, and refuses one. */
const execute: Execute = async (name, args) => {
  done.push([name, args]);
  return name === 'refuse' ? { ok: false, error: 'it will not' } : { ok: true, did: name };
};

beforeEach(async () => {
  broker = new Mosquitto(await freePort());
  closers = [() => broker.remove()];
  done = [];
  await broker.start();
});

afterEach(async () => {
  for (const close of closers.reverse()) await close();
});

async function device(mqtt: object = {}, command: Execute = execute): Promise<Telemetry> {
  const values = {
    device: 'board',
    mqtt: { broker: broker.url, state_seconds: 3600, discovery_prefix: null, ...mqtt },
  };
  const config = loadConfig({
    file: null,
    environment: {},
    flags: { values, usage: true, subject: String },
  });
  const telemetry = new Telemetry(config, () => snapshot([]), silent);
  telemetry.onCommand = command;
  closers.push(() => telemetry.stop());
  await telemetry.start();
  await until('connected', () => telemetry.snapshot().mqtt.connected);
  return telemetry;
}

async function asker(protocolVersion: 4 | 5 = 5, url = broker.url): Promise<Observer> {
  const made = await Observer.listen(url, '#', { protocolVersion });
  closers.push(() => made.close());
  return made;
}

function answers(heard: Observer, topic: string) {
  return heard.on(topic).map((payload) => JSON.parse(payload));
}

async function answer(heard: Observer, topic: string) {
  await until(`an answer on ${topic}`, () => heard.on(topic).length > 0);
  return answers(heard, topic)[0];
}

test('a command is answered on its own topic, with what the request was known by', async () => {
  await device();
  const house = await asker();
  await house.say(`${SET}/load`, '{"id":"a7","file":"tiny","every":2}');
  const { boot, sequence, time, ...told } = await answer(house, `${RESPONSE}/load`);
  assert.deepEqual(told, { command: 'load', id: 'a7', ok: true, did: 'load' });
  assert.deepEqual(done, [['load', { file: 'tiny', every: 2 }]]);
  assert.match(boot, /^[0-9a-f]{8}$/);
  assert.ok(sequence > 0 && Date.parse(time) > 0);
  await house.say(`${SET}/status`, '');
  assert.equal((await answer(house, `${RESPONSE}/status`)).id, undefined);
  await house.say(`${SET}/refuse`, '{"id":0}');
  const { id, ok, error } = await answer(house, `${RESPONSE}/refuse`);
  assert.deepEqual([id, ok, error], [0, false, 'it will not']);
  const responses = house.heard.filter(({ topic }) => topic.startsWith(RESPONSE));
  assert.deepEqual(
    responses.map(({ topic, payload }) => faultOf(topic, payload)),
    ['', '', ''],
  );
  assert.ok(responses.every(({ qos, retain }) => qos === 1 && !retain));
});

test('with MQTT 5 the answer goes where the request says, with its correlation data', async () => {
  await device();
  const house = await asker();
  const correlationData = Buffer.from([0, 1, 254, 255]);
  const properties = { responseTopic: 'house/answers/7', correlationData };
  await house.say(`${SET}/status`, '{}', { properties });
  await answer(house, 'house/answers/7');
  const heard = house.heard.find(({ topic }) => topic === 'house/answers/7');
  assert.deepEqual(heard?.correlation, correlationData);
  assert.equal(house.on(`${RESPONSE}/status`).length, 0);
});

test('with MQTT 3.1.1 the id is all there is, and suffices', async () => {
  const telemetry = await device({ broker: 'embedded' });
  const house = await asker(4, telemetry.url ?? '');
  assert.equal(telemetry.snapshot().mqtt.protocol, '3.1.1');
  await house.say(`${SET}/status`, '{"id":12}');
  assert.equal((await answer(house, `${RESPONSE}/status`)).id, 12);
});

test('what the broker has kept is not done, at a start or after an absence', async () => {
  const before = await asker();
  await before.say(`${SET}/unload`, '{"model":"a"}', { retain: true });
  await device();
  const house = await asker();
  await house.say(`${SET}/status`, '');
  await answer(house, `${RESPONSE}/status`);
  assert.deepEqual(done, [['status', {}]]);
});

test('a request that is none is answered with why', async () => {
  await device();
  const house = await asker();
  const cases: [string, string, RegExp][] = [
    ['load', '{"file":', /^the request is no JSON/],
    ['load', '[1]', /must be a JSON object/],
    ['load', 'null', /must be a JSON object/],
    ['load', '"tiny"', /must be a JSON object/],
    ['load', '{"id":{}}', /^id must be a number or a text/],
    ['load', `{"id":"${'x'.repeat(129)}"}`, /^id must be/],
    ['load', `{"file":"${'x'.repeat(65536)}"}`, /^the request has 65547 bytes; 65536/],
  ];
  for (const [command, payload, message] of cases) {
    const count = house.on(`${RESPONSE}/${command}`).length;
    await house.say(`${SET}/${command}`, payload);
    await until('answer', () => house.on(`${RESPONSE}/${command}`).length > count);
    const last = answers(house, `${RESPONSE}/${command}`).at(-1);
    assert.equal(last.ok, false);
    assert.match(last.error, message);
  }
  assert.deepEqual(done, []);
  await house.say(`${SET}/Not/A Command`, '{}');
  assert.equal((await answer(house, `${RESPONSE}/invalid`)).command, 'invalid');
  assert.deepEqual(done, [['Not/A Command', {}]]);
});

test('an answer never goes where it would command, or speak in the device’s own name', async () => {
  await device();
  const house = await asker();
  const properties = { responseTopic: `${SET}/unload` };
  await house.say(`${SET}/status`, '{}', { properties });
  const { ok, error } = await answer(house, `${RESPONSE}/status`);
  assert.equal(ok, false);
  assert.match(error, /must not lead to commands/);
  assert.deepEqual(done, []);

  const topics = new Topics('edgepool', 'board');
  const fault = (topic: string) => responseTopicFault(topic, topics);
  for (const topic of ['', 'a/#', 'a/+/b', '$SYS/a', 'zigbee2mqtt/lamp/set', 'x'.repeat(257)]) {
    assert.ok(fault(topic), topic);
  }
  assert.match(fault('edgepool/board/availability') ?? '', /device's own/);
  assert.equal(fault('edgepool/board/response/me'), null);
  assert.equal(fault('house/settings'), null);
});

test('more commands than are allowed in a second are ignored, counted and told', () => {
  let now = 0;
  const sent: Message[] = [];
  const ignored: number[] = [];
  const requests = new Requests(
    {
      topics: new Topics('edgepool', 'board'),
      envelope: new Envelope(),
      perSecond: 5,
      execute,
      send: (message) => sent.push(message),
      onIgnored: (count) => ignored.push(count),
    },
    () => now,
  );
  const burst = (count: number) => {
    for (; count > 0; count--) {
      requests.hear({ topic: `${SET}/status`, payload: Buffer.from(''), retained: false });
    }
  };
  burst(8);
  assert.equal(done.length, 5);
  assert.deepEqual(ignored, [1]);
  now = 1000;
  burst(8);
  assert.equal(done.length, 10);
  assert.deepEqual(ignored, [1]);
  now = 11_000;
  burst(6);
  assert.deepEqual(ignored, [1, 6]);
  const other = { topic: 'edgepool/other/set/status', payload: Buffer.from(''), retained: false };
  assert.equal(requests.hear(other), false);
});

test('who wants no commands listens to none', async () => {
  await device({ commands_per_second: 0 });
  const house = await asker();
  await house.say(`${SET}/status`, '{}');
  await house.say('edgepool/board/other', 'end');
  await house.hears('edgepool/board/other', 'end');
  assert.deepEqual(done, []);
  assert.equal(house.heard.filter(({ topic }) => topic.startsWith(RESPONSE)).length, 0);
});

test('an answer that finds no connection is dropped, not kept for the next', async () => {
  let finish: (() => void) | null = null;
  const slow: Execute = () =>
    new Promise((resolve) => {
      finish = () => resolve({ ok: true });
    });
  const telemetry = await device({}, slow);
  const first = await asker();
  await first.say(`${SET}/load`, '{}');
  await until('in work', () => finish !== null);
  await broker.kill();
  await until('away', () => !telemetry.snapshot().mqtt.connected);
  const { dropped } = telemetry.snapshot().mqtt;
  (finish as (() => void) | null)?.();
  await until('dropped', () => telemetry.snapshot().mqtt.dropped === dropped + 1);
  assert.equal(telemetry.snapshot().mqtt.waiting, 0);
});
