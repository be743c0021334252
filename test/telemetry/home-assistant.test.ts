/** What Home Assistant is told, by a real mosquitto, held against its own documentation. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { loadConfig } from '../../app/config/load.ts';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import { Telemetry } from '../../app/telemetry/telemetry.ts';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { discoveryFault } from '../support/home-assistant/check.ts';
import { Observer } from '../support/observer.ts';
import { silent } from '../support/silent.ts';
import { boardSnapshot, modelSnapshot, snapshot } from '../support/snapshots.ts';
import { until } from '../support/until.ts';

const CONFIG = 'homeassistant/device/board/config';
const STATUS = 'homeassistant/status';
const SUMMARY = 'edgepool/board/summary';

const camera = {
  ...snapshot([]).frames,
  name: 'front "door"',
  kind: 'pattern',
  width: 1280,
  height: 720,
  away: false,
  period_ms: 33,
  recording: null,
  frame_bytes: 0,
  bytes_copied: 0,
  most_copies: 0,
  previews: 0,
  snapshots: 0,
  frame_latency_ms: snapshot([]).frame_latency_ms,
};
const two = () => [modelSnapshot('classifier', 'Egyptian cat'), modelSnapshot('{{odd}}é"', null)];

let broker: Mosquitto;
let closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  broker = new Mosquitto(await freePort());
  closers = [() => broker.remove()];
  await broker.start();
});

afterEach(async () => {
  for (const close of closers.reverse()) await close();
});

async function device(
  read: () => Snapshot,
  mqtt: object = {},
  name = 'board',
  files: (() => Promise<string[]>) | null = null,
): Promise<Telemetry> {
  const values = {
    device: name,
    mqtt: { broker: broker.url, state_seconds: 0.1, summary_seconds: 3600, ...mqtt },
  };
  const config = loadConfig({
    file: null,
    environment: {},
    flags: { values, usage: true, subject: String },
  });
  const telemetry = new Telemetry(config, read, silent, '1.2.3');
  telemetry.modelFiles = files;
  closers.push(() => telemetry.stop());
  await telemetry.start();
  await until('connected', () => telemetry.snapshot().mqtt.connected);
  return telemetry;
}

async function observer(topic = '#'): Promise<Observer> {
  const made = await Observer.listen(broker.url, topic);
  closers.push(() => made.close());
  return made;
}

interface Announced {
  device: object;
  origin: object;
  components: Record<string, Record<string, string> & { options?: unknown }>;
}

function announced(heard: Observer): Announced[] {
  return heard.on(CONFIG).map((payload) => JSON.parse(payload));
}

test('one retained message describes the device as its documentation wants it', async () => {
  await device(() => snapshot(two(), { sources: [camera] }));
  await until('retained', async () => {
    const late = await observer(CONFIG);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return late.heard.length === 1 && late.heard[0]?.retain === true;
  });
  const late = await observer('homeassistant/#');
  await until('config', () => late.heard.length > 0);
  assert.deepEqual(
    late.heard.map(({ topic }) => topic),
    [CONFIG],
  );
  assert.equal(discoveryFault(late.on(CONFIG)[0] ?? ''), '');
  const [config] = announced(late);
  assert.deepEqual(config?.origin, { name: 'edgepool', sw_version: '1.2.3' });
  const platforms = Object.values(config?.components ?? {}).map(({ platform }) => platform);
  assert.deepEqual([...new Set(platforms)].sort(), ['binary_sensor', 'button', 'number', 'sensor']);
  const ids = Object.values(config?.components ?? {}).map(({ unique_id }) => unique_id);
  assert.equal(new Set(ids).size, ids.length);
});

test('what the entities read stands in the summary, and they know when it fails to come', async () => {
  const house = await observer();
  await device(() => snapshot(two(), { sources: [camera] }));
  await until('summary', () => house.on(SUMMARY).length > 0);
  const summary = JSON.parse(house.on(SUMMARY)[0] ?? '');
  const components = Object.values(announced(house)[0]?.components ?? {});
  const reading = components.filter(({ value_template }) => value_template !== undefined);
  assert.ok(reading.length >= 23);
  for (const { value_template = '', state_topic, platform, expire_after } of reading) {
    assert.equal(state_topic, SUMMARY);
    if (platform?.endsWith('sensor')) assert.equal(expire_after, 3 * 3600);
    const path = /value_json([\w.'[\]-]+)/.exec(value_template)?.[1] ?? '';
    const steps = path.split(/[.'[\]]+/).filter((step) => step !== '');
    let value = summary;
    for (const step of steps) {
      assert.ok(Object.hasOwn(value, step), `${value_template}: ${step} is not in the summary`);
      value = value[step];
    }
  }
});

test('the machine has an entity for each thing that it tells, and problems are told as such', async () => {
  const house = await observer();
  let board = boardSnapshot();
  await device(() => snapshot([], { board }));
  await until('config', () => announced(house).length > 0);
  const ofBoard = (announcement: Announced | undefined) =>
    Object.entries(announcement?.components ?? {}).filter(([key]) => key.startsWith('board_'));
  const all = ofBoard(announced(house)[0]);
  assert.deepEqual(
    all.map(([key]) => key),
    [
      ...['temperature_celsius', 'clock_hz', 'under_voltage', 'throttled'].map(onBoard),
      ...['memory_pressure_ratio', 'state_free_bytes', 'root_free_bytes'].map(onBoard),
    ],
  );
  const classes = new Map(all.map(([key, { device_class }]) => [key, device_class]));
  assert.equal(classes.get('board_temperature_celsius'), 'temperature');
  assert.equal(classes.get('board_under_voltage'), 'problem');
  assert.equal(classes.get('board_throttled'), 'problem');
  board = boardSnapshot({ temperature_celsius: null, throttling: null, clock_hz: null });
  await until('fewer', () => ofBoard(announced(house).at(-1)).length === 3);
  assert.deepEqual(
    house.on(CONFIG).map((payload) => discoveryFault(payload)),
    house.on(CONFIG).map(() => ''),
  );
});

const onBoard = (key: string) => `board_${key}`;

test('commands name what they act upon, however it is called', async () => {
  const house = await observer();
  await device(() => snapshot(two(), { sources: [camera] }));
  await until('config', () => announced(house).length > 0);
  const components = announced(house)[0]?.components ?? {};
  const button = components.source_front__door__restart;
  assert.equal(button?.command_topic, 'edgepool/board/set/restart-source');
  assert.deepEqual(JSON.parse(button?.payload_press ?? ''), { source: 'front "door"' });
  const number = components.model___odd_____every;
  assert.equal(number?.command_topic, 'edgepool/board/set/set');
  const named = /'model': ("(?:[^"\\]|\\.)*")/.exec(number?.command_template ?? '')?.[1] ?? '';
  assert.equal(JSON.parse(named), '{{odd}}é"');
});

test('a model can be switched to each file of the folder, the one that runs among them', async () => {
  const house = await observer();
  let files = ['a.tflite', 'b.tflite'];
  await device(
    () => snapshot(two()),
    { summary_seconds: 0.1 },
    'board',
    async () => files,
  );
  await until('config', () => announced(house).length > 0);
  assert.equal(discoveryFault(house.on(CONFIG)[0] ?? ''), '');
  const choice = announced(house)[0]?.components.model___odd_____file;
  assert.equal(choice?.platform, 'select');
  assert.deepEqual(choice?.options, ['{{odd}}é".tflite', 'a.tflite', 'b.tflite']);
  assert.equal(choice?.command_topic, 'edgepool/board/set/switch');
  assert.match(choice?.command_template ?? '', /, 'file': value\} \| tojson \}\}$/);
  const named = /'model': ("(?:[^"\\]|\\.)*")/.exec(choice?.command_template ?? '')?.[1] ?? '';
  assert.equal(JSON.parse(named), '{{odd}}é"');
  assert.equal(choice?.value_template, "{{ value_json.models['__odd____'].file }}");
  await until('summary', () => house.on(SUMMARY).length > 0);
  const { models } = JSON.parse(house.on(SUMMARY)[0] ?? '');
  assert.equal(models.__odd____.file, '{{odd}}é".tflite');
  files = ['classifier.tflite', 'new.tflite'];
  await until('the new files', () => {
    const options = announced(house).at(-1)?.components.model_classifier_file?.options;
    return JSON.stringify(options) === JSON.stringify(files);
  });
});

test('it is announced again when Home Assistant has started, and figures follow', async () => {
  const house = await observer();
  await device(() => snapshot(two()));
  await until('config', () => house.on(CONFIG).length === 1 && house.on(SUMMARY).length === 1);
  await house.say(STATUS, 'offline');
  await house.say(STATUS, 'online');
  await until('again', () => house.on(CONFIG).length === 2 && house.on(SUMMARY).length === 2);
  const order = house.heard
    .map(({ topic }) => topic)
    .filter((topic) => [CONFIG, SUMMARY].includes(topic));
  assert.deepEqual(order, [CONFIG, SUMMARY, CONFIG, SUMMARY]);
  assert.equal(house.on(CONFIG)[0], house.on(CONFIG)[1]);
});

test('entities of a model come and go with it', async () => {
  let models = two();
  const house = await observer();
  await device(() => snapshot(models));
  await until('config', () => house.on(CONFIG).length === 1);
  models = [modelSnapshot('second', 'dog')];
  await until('changed', () => house.on(CONFIG).length === 3);
  assert.deepEqual(
    house.on(CONFIG).map((payload) => discoveryFault(payload)),
    ['', '', ''],
  );
  const [, between, after] = announced(house);
  assert.deepEqual(between?.components.model_classifier_result, { platform: 'sensor' });
  assert.equal(after?.components.model_classifier_result, undefined);
  assert.equal(after?.components.model_second_result?.name, 'second sees');
});

test('what an earlier start has announced is taken away, when there is no such model any more', async () => {
  const before = await device(() => snapshot(two()));
  const house = await observer();
  await until('retained', () => house.on(CONFIG).length === 1);
  await before.stop();
  await device(() => snapshot([modelSnapshot('classifier', 'dog')]));
  const odd = 'model___odd_____result';
  const taken = () => announced(house).find(({ components }) => isBare(components[odd]));
  await until('taken away', () => taken() !== undefined);
  assert.equal(taken()?.components.model_classifier_result?.name, 'classifier sees');
  await until('left out', () => {
    const last = announced(house).at(-1)?.components ?? {};
    return !Object.hasOwn(last, odd) && Object.hasOwn(last, 'model_classifier_result');
  });
  assert.deepEqual(
    house.on(CONFIG).map((payload) => discoveryFault(payload)),
    house.on(CONFIG).map(() => ''),
  );
});

function isBare(component: object | undefined): boolean {
  return JSON.stringify(component) === '{"platform":"sensor"}';
}

test('what is no announcement does not hurt', async () => {
  const house = await observer();
  for (const text of ['[', 'null', '{"components":7}', '{"components":{"a":null}}']) {
    await house.say(CONFIG, text, { retain: true });
    const one = await device(() => snapshot([]));
    const last = () => house.on(CONFIG).at(-1) ?? '';
    await until('announced', () => last().includes('"fps"'));
    await one.stop();
  }
});

test('a device whose name may not stand in the topic has another one of its own', async () => {
  const house = await observer('homeassistant/#');
  await device(() => snapshot([]), {}, 'küche');
  await device(() => snapshot([]), {}, 'käche');
  await until('both', () => house.heard.length >= 2);
  const topics = new Set(house.heard.map(({ topic }) => topic));
  assert.equal(topics.size, 2);
  for (const topic of topics) {
    assert.match(topic, /^homeassistant\/device\/k_che_[0-9a-f]{6}\/config$/);
  }
});

test('who wants none of it is told nothing', async () => {
  const house = await observer();
  await device(() => snapshot([]), { discovery_prefix: null });
  await until('states', () => house.on('edgepool/board/state').length >= 2);
  assert.ok(house.heard.every(({ topic }) => topic.startsWith('edgepool/')));
});
