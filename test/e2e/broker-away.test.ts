/**
 * A real mosquitto is killed under load and comes back: the device that has room loses no result, the
 * one that has not counts what it gave up. `make outage` keeps the broker away for a minute, and holds
 * a quiet machine to its frame rate and its memory.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../../app/control/client.ts';
import type { MqttSnapshot, Snapshot } from '../../app/stats/snapshot.ts';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { Edgepool } from '../support/edgepool.ts';
import { MemoryWatch } from '../support/memory-watch.ts';
import { Observer } from '../support/observer.ts';
import { readReport } from '../support/report.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { until } from '../support/until.ts';

/** How long the broker is away at least; 0: until enough has been kept and given up. */
const SECONDS = Number(process.env.OUTAGE_SECONDS ?? 0);
/** What has happened to each device before the broker comes back, in messages. */
const ENOUGH = 150;
const STATE_SECONDS = 5;
/** What is on its way to the broker at one time. */
const WINDOW = 16;
const MODELS = ['a', 'b'];
const QUEUE_BYTES = { roomy: 2 ** 24, tight: 2 ** 15 };
/** Of the JavaScript heap, which breathes, and of a queue that is full. */
const MOST_GROWTH_MIB = 8;
type Name = keyof typeof QUEUE_BYTES;

const scratch = scratchFolder();

/** The house's session outlives the broker. */
const STAYING = {
  clientId: 'house',
  clean: false,
  protocolVersion: 5,
  properties: { sessionExpiryInterval: 3600 },
} as const;

interface Heard {
  sequence: number;
  model: string | undefined;
  event: string | undefined;
  historical: boolean;
  kept: number;
  dropped: number;
}

/** A program of two models that publishes each of their answers. */
class Device {
  readonly program: Edgepool;
  readonly memory: MemoryWatch;
  readonly #report: string;
  readonly #socket: string;
  readonly #heard = new Map<number, Heard>();
  #looked = 0;

  constructor(
    readonly name: Name,
    url: string,
  ) {
    this.#report = join(scratch.path, `${name}.report.json`);
    this.#socket = join(scratch.path, `${name}.sock`);
    const config = {
      device: name,
      region: { capacity_mb: 32 },
      control: { socket: this.#socket },
      dashboard: { port: null },
      models: MODELS.map((model) => ({
        name: model,
        file: join(ROOT, 'build/models/tiny.tflite'),
      })),
      mqtt: {
        broker: url,
        results: 'all',
        result_seconds: 0,
        state_seconds: STATE_SECONDS,
        discovery_prefix: null,
        queue_bytes: QUEUE_BYTES[name],
      },
      report: this.#report,
    };
    const file = scratch.write(`${name}.json`, JSON.stringify(config));
    this.program = new Edgepool(['run', '--config', file]);
    this.memory = new MemoryWatch(this.program.child.pid ?? 0);
  }

  async does(command: string, args: object = {}): Promise<object> {
    const answer = await ask(this.#socket, command, args);
    assert.ok(answer.ok, JSON.stringify(answer));
    return answer;
  }

  async mqtt(): Promise<MqttSnapshot> {
    return ((await this.does('status')) as Pick<Snapshot, 'mqtt'>).mqtt;
  }

  /** Every message that the house has of it, once: the broker may send one again. */
  heard(): Heard[] {
    for (; this.#looked < house.heard.length; this.#looked++) {
      const { topic, payload } = house.heard[this.#looked] ?? assert.fail();
      if (!topic.startsWith(`edgepool/${this.name}/`) || topic.endsWith('/availability')) continue;
      const { sequence, event, historical = false, kept, dropped } = JSON.parse(payload);
      const model = /\/model\/(\w+)\/result$/.exec(topic)?.[1];
      this.#heard.set(sequence, { sequence, model, event, historical, kept, dropped });
    }
    return [...this.#heard.values()];
  }

  async end(): Promise<Snapshot> {
    this.memory.stop();
    this.program.child.kill('SIGTERM');
    const { status, err } = await this.program.end();
    assert.deepEqual([status, err], [0, '']);
    return readReport(this.#report);
  }
}

let broker: Mosquitto;
let house: Observer;
let devices: Device[] = [];

before(async () => {
  broker = new Mosquitto(await freePort());
  await broker.start(broker.keeping());
  house = await Observer.listen(broker.url, 'edgepool/#', STAYING);
  devices = (Object.keys(QUEUE_BYTES) as Name[]).map((name) => new Device(name, broker.url));
  for (const { program, name } of devices) {
    await program.says('ready');
    await house.hears(`edgepool/${name}/availability`, 'online');
  }
});
after(async () => {
  for (const { program } of devices) program.child.kill('SIGKILL');
  // Who waits for a broker cannot leave it.
  if (broker.process === null) await broker.start(broker.keeping());
  await house?.close();
  await broker.remove();
});

/** Of a message at QoS 0 nobody knows whether a broker that dies has read it: none is on its way. */
async function killBetweenStates(): Promise<void> {
  const last = devices.map(({ name }) => ({ topic: `edgepool/${name}/state`, count: 0, at_ms: 0 }));
  const isBetween = () => {
    for (const state of last) {
      const count = house.on(state.topic).length;
      if (count > state.count) Object.assign(state, { count, at_ms: performance.now() });
    }
    const ages_s = last.map(({ at_ms }) => (performance.now() - at_ms) / 1000);
    return ages_s.every((age_s) => age_s > 0.3 * STATE_SECONDS && age_s < 0.8 * STATE_SECONDS);
  };
  await until('a moment between states', isBetween, 60_000);
  await broker.kill();
}

/** Nothing new is said but states, and all that was said has come or was given up. */
async function settled(device: Device): Promise<MqttSnapshot> {
  for (const model of MODELS) await device.does('set', { model, every: 100_000 });
  await until('nothing waits', async () => (await device.mqtt()).waiting === 0);
  return device.mqtt();
}

/** The numbers up to `last` that the house never had. */
function missing(device: Device, last: number): number[] {
  const heard = new Set(device.heard().map(({ sequence }) => sequence));
  const numbers = Array.from({ length: last }, (_, index) => index + 1);
  return numbers.filter((sequence) => !heard.has(sequence));
}

test('a broker that dies takes no result with it that had room, and each other one is counted', async () => {
  const answered = () => devices.every((device) => device.heard().length >= ENOUGH);
  await until('answers', answered, 60_000);
  await killBetweenStates();
  await sleep(SECONDS * 1000);
  for (const device of devices) {
    const happened = device.name === 'roomy' ? 'waiting' : 'dropped';
    await until(happened, async () => (await device.mqtt())[happened] >= ENOUGH, 60_000);
  }
  await broker.start(broker.keeping());
  const back = (device: Device) => device.heard().find(({ event }) => event === 'broker_back');
  // What is live goes after what was kept.
  const isLive = ({ model, historical }: Heard) => model !== undefined && !historical;
  for (const device of devices) {
    const { name } = device;
    await until(`${name} is back`, () => back(device) !== undefined, 60_000);
    const then = back(device)?.sequence ?? 0;
    const live = () => device.heard().filter((each) => isLive(each) && each.sequence > then);
    await until(`${name} is live`, () => live().length >= ENOUGH, 60_000);
  }

  for (const device of devices) {
    const { published, dropped } = await settled(device);
    const { kept = 0 } = back(device) ?? {};
    const never = () => missing(device, published + dropped).length;
    await until('all that was published', () => never() <= dropped, 60_000);
    const late = device.heard().filter(({ historical }) => historical).length;
    const heard = device.heard().filter(({ model }) => model !== undefined).length;
    const { frames, models } = await device.end();
    const lost = models.reduce((sum, { invokes }) => sum + invokes, 0) - heard;
    const growth = device.memory.growthMib();
    const figures = { published, dropped, never_came: never(), kept, late, results_lost: lost };
    const running = { fps: frames.fps, growth_mib: Number(growth.toFixed(1)) };
    console.log(`${device.name} ${JSON.stringify({ ...figures, ...running })}`);
    if (device.name === 'roomy') {
      assert.deepEqual({ lost, late, never: never() }, { lost: 0, late: kept, never: dropped });
    } else {
      // What was on its way when the broker died may have come, and have been given up all the same.
      assert.ok(dropped - never() <= WINDOW, `${dropped} dropped, ${never()} never came`);
      // While it catches up a full queue still gives up its oldest.
      assert.ok(lost > 0 && late > 0 && late <= kept, `${late} of ${kept} came late, ${lost} lost`);
    }
    if (SECONDS === 0) continue;
    assert.equal(frames.dropped.no_slot, 0, device.name);
    assert.ok(frames.fps >= 29.9, `${device.name}: ${frames.fps} frames a second`);
    assert.ok(growth <= MOST_GROWTH_MIB, `${device.name}: grew by ${growth} MiB`);
  }
});
