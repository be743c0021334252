/** Commands by MQTT to the real program that streams: each, rightly and wrongly, and at random. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { Edgepool } from '../support/edgepool.ts';
import { median } from '../support/memory-watch.ts';
import { Observer } from '../support/observer.ts';
import { faultOf } from '../support/payloads.ts';
import { Random, seeds } from '../support/random.ts';
import { RandomRequests } from '../support/random-request.ts';
import { readReport } from '../support/report.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { until } from '../support/until.ts';

const BASE = 'edgepool/board';
/** `make fuzz` sends more. */
const MESSAGES = Number(process.env.FUZZ_MESSAGES ?? 1500);
const BATCH = 100;
const LARGEST_DELIVERED_BYTES = 127 * 1024;
/** Of the JavaScript heap under so many requests; it is the same for 30,000 and for 100,000. */
const GROWTH_BYTES = 96 * 2 ** 20;
/** From the middle third of them to the last: the heap breathes, and nothing stays. */
const LATE_GROWTH_BYTES = 16 * 2 ** 20;

const scratch = scratchFolder();
const folder = join(scratch.path, 'models');
const report = join(scratch.path, 'report.json');
const tiny = join(folder, 'tiny.tflite');

interface Answer {
  ok: boolean;
  error?: string;
  id?: number | string;
  [field: string]: unknown;
}

interface Pools extends Pick<Snapshot, 'region'> {
  pools: { name: string }[];
}

let broker: Mosquitto;
let house: Observer;
let program: Edgepool;
let asked = 0;

before(async () => {
  mkdirSync(folder);
  for (const name of ['tiny', 'tiny_int8']) {
    copyFileSync(`${ROOT}build/models/${name}.tflite`, join(folder, `${name}.tflite`));
  }
  scratch.write('models/broken.tflite', 'not a model');
  broker = new Mosquitto(await freePort());
  await broker.start();
  house = await Observer.listen(broker.url, '#', { protocolVersion: 5 });
  const config = {
    device: 'board',
    region: { capacity_mb: 64 },
    control: { models_folder: folder, socket: join(scratch.path, 'control.sock') },
    models: ['a', 'b'].map((name) => ({ name, file: tiny })),
    mqtt: {
      broker: broker.url,
      commands_per_second: 100_000,
      queue_bytes: 2 ** 24,
      pictures: true,
    },
    report,
  };
  program = new Edgepool([
    'run',
    '--config',
    scratch.write('edgepool.json', JSON.stringify(config)),
  ]);
  await program.says('ready');
  await house.hears(`${BASE}/availability`, 'online');
});

after(async () => {
  program.child.kill('SIGKILL');
  await house.close();
  await broker.remove();
});

async function ask(command: string, args: object = {}, patience_ms = 30_000): Promise<Answer> {
  const id = `asked-${asked++}`;
  const topic = `${BASE}/response/${command}`;
  await house.say(`${BASE}/set/${command}`, JSON.stringify({ id, ...args }));
  let answer: Answer | undefined;
  await until(
    `an answer to ${command}`,
    () => {
      const text = house.on(topic).find((payload) => payload.includes(`"id":"${id}"`));
      if (text !== undefined) {
        assert.equal(faultOf(topic, text), '');
        answer = JSON.parse(text);
      }
      return answer !== undefined;
    },
    patience_ms,
  );
  return answer as Answer;
}

async function does(command: string, args: object = {}): Promise<Answer> {
  const answer = await ask(command, args);
  assert.equal(answer.ok, true, `${command}: ${answer.error}`);
  return answer;
}

async function refuses(command: string, args: object, why: RegExp): Promise<void> {
  const { ok, error = '' } = await ask(command, args);
  assert.equal(ok, false, command);
  assert.match(error, why);
}

test('what is asked is told', async () => {
  assert.deepEqual((await does('status')).models, ['a', 'b']);
  const { pools } = (await does('pools')) as unknown as Pools;
  assert.deepEqual(
    pools.map(({ name }) => name),
    ['a', 'b'],
  );
  const { available } = await does('models');
  assert.deepEqual(available, ['broken.tflite', 'tiny.tflite', 'tiny_int8.tflite']);
  for (const command of ['status', 'pools', 'models']) {
    await refuses(command, { model: 'a' }, /"model" is not an argument/);
  }
});

test('models come, go and change places, and their neighbour misses nothing', async () => {
  await does('load', { file: 'tiny_int8', as: 'c', every: 2 });
  await refuses('load', { file: '../tiny' }, /not a path/);
  await refuses('load', { file: 'broken' }, /broken\.tflite/);
  await refuses('load', { file: 'tiny', as: 'a' }, /runs already/);
  await does('switch', { model: 'c', file: 'tiny' });
  await refuses('switch', { model: 'c', file: 'nobody' }, /nobody/);
  await refuses('switch', { file: 'tiny' }, /model is missing/);
  await does('unload', { model: 'c' });
  await refuses('unload', { model: 'c' }, /no model has the name c/);
  const { models } = (await does('models')) as unknown as Pick<Snapshot, 'models'>;
  const neighbour = models.find(({ name }) => name === 'a');
  assert.equal(neighbour?.steady_state.minor_faults, 0);
  assert.equal(neighbour?.dropped.error, 0);
});

test('a model is parked and restored, and has the turns that it had', async () => {
  await does('set', { model: 'b', every: 5 });
  const { place, state } = await does('park', { model: 'b' });
  assert.deepEqual([place, state], ['memory', 'parked']);
  await refuses('park', { model: 'b' }, /model b: is parked already/);
  await refuses('load', { file: 'tiny', as: 'b' }, /runs already/);
  assert.deepEqual((await does('status')).models, ['a']);
  const { parked } = (await does('places')) as unknown as { parked: { model: string }[] };
  assert.deepEqual(
    parked.map(({ model }) => model),
    ['b'],
  );
  assert.ok(Number((await does('restore', { model: 'b' })).restore_ms) >= 0);
  await refuses('restore', { model: 'b' }, /model b: is not parked/);
  await refuses('restore', { model: 'nobody' }, /no model has the name nobody/);
  const { models } = (await does('models')) as unknown as Pick<Snapshot, 'models'>;
  assert.equal(models.find(({ name }) => name === 'b')?.schedule.every, 5);
});

/** An entity as Home Assistant knows it, and what it sends when somebody gives it a value. */
function entity(key: string) {
  const announced = house.on('homeassistant/device/board/config').at(-1) ?? '{}';
  const found = JSON.parse(announced).components?.[key] as Record<string, string> | undefined;
  const { command_topic = '', command_template = '', state_topic, value_template } = found ?? {};
  const give = (value: string | number) => {
    const filled = command_template
      .replace(/^\{\{ (.*) \| tojson \}\}$/, '$1')
      .replace(/\bvalue\b( \| int)?/, JSON.stringify(value))
      .replaceAll("'", '"');
    return house.say(command_topic, filled);
  };
  const shows = (value: string | number) => {
    const path = /^\{\{ value_json\.models\['(\w+)'\]\.(\w+) \}\}$/.exec(value_template ?? '');
    const last = JSON.parse(house.on(state_topic ?? '').at(-1) ?? '{}');
    return last.models?.[path?.[1] ?? '']?.[path?.[2] ?? ''] === value;
  };
  return { options: found?.options, give, shows };
}

test('Home Assistant chooses the file of a model and its turns, and sees what it chose', async () => {
  await until('it is announced', () => entity('model_b_file').options !== undefined);
  const file = entity('model_b_file');
  assert.deepEqual(file.options, ['broken.tflite', 'tiny.tflite', 'tiny_int8.tflite']);
  await until('the file that runs', () => file.shows('tiny.tflite'));
  const answers = () => house.on(`${BASE}/response/switch`);
  const before = answers().length;
  await file.give('broken.tflite');
  await until('it is refused', () => answers().length > before);
  assert.match(answers().at(-1) ?? '', /"ok":false.*broken\.tflite/);
  await file.give('tiny_int8.tflite');
  await until('the other file', () => file.shows('tiny_int8.tflite'));
  const { models } = (await does('models')) as unknown as Pick<Snapshot, 'models'>;
  assert.equal(models.find(({ name }) => name === 'b')?.file, 'tiny_int8.tflite');
  const every = entity('model_b_every');
  await every.give(4);
  await until('the other turns', () => every.shows(4));
  await file.give('tiny.tflite');
  await until('the first file', () => file.shows('tiny.tflite'));
  assert.ok(every.shows(4), 'turns stay');
});

test('turns, sizes and sources are changed', async () => {
  const { schedule } = await does('set', { model: 'b', every: 3, priority: -1 });
  assert.deepEqual(
    { ...(schedule as object) },
    {
      every: 3,
      fps: null,
      priority: -1,
      deadline_ms: null,
    },
  );
  await refuses('set', { model: 'b', every: 0 }, /every is 0; it must be at least 1/);
  await does('resolution', { width: 320, height: 240 });
  await refuses('resolution', { width: 320 }, /height is missing/);
  await does('restart-source');
  await refuses('restart-source', { source: 'nobody' }, /nobody/);
});

test('a picture goes to who asked, once the owner has allowed it', async () => {
  const { jpeg, bytes, frame, file } = await does('snapshot', { width: 320 });
  const picture = Buffer.from(String(jpeg), 'base64');
  assert.deepEqual([picture.length, picture.readUInt16BE(0)], [bytes, 0xffd8]);
  assert.equal(file, undefined);
  await until('the house is told', () =>
    house.on(`${BASE}/event`).some((text) => {
      assert.equal(faultOf(`${BASE}/event`, text), '');
      const { event, ...more } = JSON.parse(text);
      return event === 'snapshot' && more.frame === frame && more.sent === true;
    }),
  );
  await refuses('snapshot', { source: 'nobody' }, /^no source has the name nobody/);
  await refuses('snapshot', { width: 1e9 }, /width is 1000000000; it must be at most/);
});

test('by default no picture leaves, and a larger one than there is room for neither', async () => {
  const start = async (device: string, mqtt: object) => {
    const config = {
      device,
      region: { capacity_mb: 32 },
      control: { socket: join(scratch.path, `${device}.sock`) },
      models: [{ file: tiny }],
      dashboard: { port: null },
      mqtt: { broker: broker.url, ...mqtt },
    };
    const file = scratch.write(`${device}.json`, JSON.stringify(config));
    const other = new Edgepool(['run', '--config', file]);
    await other.says('ready');
    await house.hears(`edgepool/${device}/availability`, 'online');
    await house.say(`edgepool/${device}/set/snapshot`, '');
    const topic = `edgepool/${device}/response/snapshot`;
    await until('an answer', () => house.on(topic).length > 0);
    other.child.kill('SIGKILL');
    await other.end();
    return JSON.parse(house.on(topic)[0] ?? '') as Answer;
  };
  const { ok, error } = await start('private', {});
  assert.equal(ok, false);
  assert.equal(error, 'no picture leaves this machine by MQTT: mqtt.pictures is false');
  const crowded = await start('crowded', { pictures: true, queue_bytes: 2048 });
  assert.match(
    crowded.error ?? '',
    /^the picture has \d+ bytes, and mqtt\.queue_bytes has room for 768;/,
  );
  assert.equal(crowded.jpeg, undefined);
});

test('a model is analysed beside the stream', async () => {
  assert.match(String((await does('analyze', { file: 'tiny' })).sha256), /^[0-9a-f]{64}$/);
  await refuses('analyze', { file: 'nobody' }, /nobody/);
});

function statusOf(pid: number): { rss_bytes: number; open_files: number } {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return {
    rss_bytes: Number(kib) * 1024,
    open_files: readdirSync(`/proc/${pid}/fd`).length,
  };
}

/** Sends random requests; returns how many of them want an answer. */
async function sendBatch(requests: RandomRequests, count: number): Promise<number> {
  let wanted = 0;
  const sent: Promise<void>[] = [];
  for (; count > 0; count--) {
    const { name, payload, retain, responseTopic, correlation } = requests.next();
    // A retained message reaches those who are there as any other does; one that is larger than the
    // device wants stays with the broker.
    if (payload.length < LARGEST_DELIVERED_BYTES) wanted++;
    const properties = {
      ...(responseTopic === undefined ? {} : { responseTopic }),
      ...(correlation === undefined ? {} : { correlationData: correlation }),
    };
    sent.push(house.say(`${BASE}/set/${name}`, payload, { retain, properties }));
  }
  await Promise.all(sent);
  return wanted;
}

function isAnswer({ topic, payload }: { topic: string; payload: string }): boolean {
  if (topic.startsWith(`${BASE}/set/`)) return false;
  return /^\{"boot":"\w{8}","sequence":\d+,"time":"[^"]+","command":/.test(payload);
}

/** What the region has in its pools once model `a` is alone. */
async function mappedAlone(): Promise<number> {
  const { models } = (await does('models')) as unknown as Pick<Snapshot, 'models'>;
  const { parked } = (await does('places')) as unknown as { parked: { model: string }[] };
  const names = new Set([...models.map(({ name }) => name), ...parked.map(({ model }) => model)]);
  names.delete('a');
  for (const model of names) await does('unload', { model });
  await does('resolution', { width: 640, height: 480 });
  const { region, pools } = (await does('pools')) as unknown as Pools;
  assert.deepEqual(
    pools.map(({ name }) => name),
    ['a'],
  );
  return region.mapped_bytes;
}

test(`${MESSAGES} random commands are each answered, and the stream goes on`, async () => {
  const [seed = 1] = seeds(1);
  const requests = new RandomRequests(new Random(seed));
  const pid = Number((await does('status')).pid);
  const mapped = await mappedAlone();
  await sendBatch(requests, BATCH);
  await does('status');
  const before = statusOf(pid);
  house.heard.length = 0;
  const start = performance.now();
  let [wanted, answered, captured] = [0, 0, 0];
  const held: number[] = [];
  // What was in work when counting began is answered into the count: it may be more, never less.
  for (let sent = 0; sent < MESSAGES; sent += BATCH) {
    wanted += await sendBatch(requests, BATCH);
    const last = captured;
    await until(`seed ${seed}: a frame after message ${sent}`, async () => {
      const { frames } = (await does('status')) as unknown as Pick<Snapshot, 'frames'>;
      wanted++;
      captured = frames.captured;
      return captured > last;
    });
    await until('most are answered', () => house.heard.filter(isAnswer).length >= BATCH - 20);
    answered += house.heard.filter(isAnswer).length;
    house.heard.length = 0;
    held.push(statusOf(pid).rss_bytes);
  }
  const all = () => answered + house.heard.filter(isAnswer).length;
  await until(`seed ${seed}: ${wanted} answers`, () => all() >= wanted);
  const { mqtt } = (await does('status')) as unknown as Pick<Snapshot, 'mqtt'>;
  assert.equal(mqtt.connected, true);
  await until('files are closed', () => statusOf(pid).open_files <= before.open_files + 8);
  const grown = statusOf(pid).rss_bytes - before.rss_bytes;
  assert.ok(grown < GROWTH_BYTES, `seed ${seed}: ${grown} bytes more`);
  const third = Math.floor(held.length / 3);
  const late = median(held.slice(-third)) - median(held.slice(third, 2 * third));
  assert.ok(late < LATE_GROWTH_BYTES, `seed ${seed}: ${late} bytes more in the last third`);
  const { models } = (await does('models')) as unknown as Pick<Snapshot, 'models'>;
  const neighbour = models.find(({ name }) => name === 'a');
  assert.equal(neighbour?.dropped.error, 0, `seed ${seed}`);
  assert.equal(await mappedAlone(), mapped, `seed ${seed}: bytes of the region`);
  const took_s = (performance.now() - start) / 1000;
  const [mib, lateMib] = [grown, late].map((bytes) => (bytes / 2 ** 20).toFixed(1));
  console.log(
    `${MESSAGES} commands in ${took_s.toFixed(0)} s: ${captured} frames, ${mib} MiB more, ${lateMib} of it in the last third`,
  );
});

test('after all of it the program ends as it should', async () => {
  program.child.kill('SIGTERM');
  const { status, err } = await program.end();
  assert.deepEqual([status, err], [0, '']);
  const { frames, region } = readReport(report);
  assert.ok(frames.completed > 0);
  assert.ok(region.mapped_bytes > 0);
});
