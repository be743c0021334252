/**
 * The power goes at random moments, and the card forgets what was not flushed. One card for all of
 * them: each start finds what the last cut has left. CUTS=N for more of them (`make power-cut`).
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FOLDER } from '../support/board/board.ts';
import { copyCard, rawBoot, writeBoot } from '../support/board/card.ts';
import { CutBoard } from '../support/board/cut-board.ts';
import { type State, Telemetry } from '../support/board/telemetry.ts';
import { Random, seeds } from '../support/random.ts';
import { ROOT } from '../support/root.ts';

const CUTS = Number(process.env.CUTS || 4);
const [seed = 1] = seeds(1);
const random = new Random(seed);
const USER = { username: 'board', password: 'the password of the broker' };
/** What `models/switched.tflite` is in turn. */
const MODELS = ['tiny_int8', 'tiny'].map((name) =>
  readFileSync(join(ROOT, 'build/models', `${name}.tflite`)),
);

const card = join(FOLDER, 'power-cut.img');
const telemetry = await Telemetry.create();
const board = new CutBoard(card, random);

/** What somebody has written to the boot partition, in numbers that go up: the newest, and the one
 *  that has been seen to run. */
const settings = { newest: 0, seen: 0 };
const models = { newest: 0, seen: 0 };
const device = (number: number) => `edgepool-${number.toString(16).padStart(6, '0')}`;
const token = (number: number) => `token-of-the-page-${number}-`;

function changeSettings(): void {
  const number = ++settings.newest;
  const yaml = `device: ${device(number)}
mqtt: {broker: "${telemetry.url}", username: ${USER.username}, password: ${USER.password}}
dashboard: {token: ${token(number)}}
fps: 1
source: {kind: v4l2, path: /dev/video0, width: 640, height: 360}
models: [{name: switched, file: models/switched.tflite}]
`;
  writeBoot(card, { 'edgepool.yaml': yaml });
}

function changeModel(): void {
  const bytes = MODELS[++models.newest % MODELS.length] ?? '';
  writeBoot(card, { 'models/switched.tflite': bytes });
}

/** The last start that told something. */
let told = '';

/** Waits for telemetry of another start with the newest settings; what lay on the boot partition is
 *  taken then. */
async function runs(): Promise<void> {
  const topic = `edgepool/${device(settings.newest)}/state`;
  const flows = ({ boot, frames }: State) => boot !== told && frames.completed > 0;
  const state = await board.until('telemetry of the newest settings', () => {
    const last = telemetry.on('state').at(-1);
    const state: State | null = last?.topic === topic ? JSON.parse(last.payload) : null;
    return state !== null && flows(state) ? state : null;
  });
  told = state.boot;
  const bytes = rawBoot(card);
  for (let number = 1; number <= settings.newest; number++) {
    assert.ok(!bytes.includes(token(number)), `${token(number)} is still on the boot partition`);
  }
  settings.seen = settings.newest;
  models.seen = models.newest;
}

/** Cuts the power and looks at what is left: old or new, and nothing else. */
async function cut(): Promise<string> {
  const { written, lost, left } = await board.cut('/edgepool/models/switched.tflite');
  const devices = [settings.seen, settings.newest].map(device);
  assert.ok(devices.includes(left.settings?.device ?? ''), JSON.stringify(left.settings));
  const fit = [models.seen, models.newest].map((number) => MODELS[number % MODELS.length]);
  assert.ok(
    fit.some((bytes) => bytes !== undefined && left.model?.equals(bytes)),
    'the model',
  );
  const age = left.settings?.device === device(settings.newest) ? 'new' : 'old';
  return `${written} sectors written, ${lost} lost, settings ${age}`;
}

/** Milliseconds of the last whole start, and of first boot with something to take. */
const takes = { start: 0, firstBoot: 0 };

async function during(of_ms: number): Promise<void> {
  await sleep(random.next() * of_ms);
}

/** While it starts: until the cut, nothing has been seen to run. */
const STARTING = {
  'settings are taken': async () => {
    changeSettings();
    await board.start();
    await board.firstBoot();
    // Without a model to try.
    await during(takes.firstBoot / 2);
  },
  'a model is taken': async () => {
    changeModel();
    await board.start();
    await board.firstBoot();
    await during(takes.firstBoot);
  },
  'it starts': async () => {
    await board.start();
    await during(takes.start);
  },
};

/** While it runs. */
const RUNNING = {
  'a model is switched': async () => {
    const file = random.next() < 0.5 ? 'switched' : 'other';
    await telemetry.say(`edgepool/${device(settings.newest)}/set/switch`, {
      model: 'switched',
      file,
    });
    await during(8000);
  },
  'frames flow': () => during(8000),
};

/** They take turns. */
function moment(number: number): [string, () => Promise<void>] {
  const moments = Object.entries<() => Promise<void>>(number % 2 === 1 ? STARTING : RUNNING);
  return moments[Math.floor(number / 2) % moments.length] ?? ['nothing', async () => undefined];
}

before(async () => {
  copyCard(join(FOLDER, 'card.img'), card, {});
  await telemetry.start(USER);
  writeBoot(card, { 'models/other.tflite': MODELS[0] ?? '' }, ['models']);
  changeSettings();
  changeModel();
});
after(async () => {
  await board.remove();
  await telemetry.remove();
});

async function wholeStart(meanwhile?: () => Promise<void>): Promise<void> {
  const powered = performance.now();
  await board.start();
  await meanwhile?.();
  await runs();
  takes.start = performance.now() - powered;
}

async function timeFirstBoot(): Promise<void> {
  await board.firstBoot();
  const began = performance.now();
  await board.until('first boot is done', () => board.said(/Finished edgepool-first-boot/));
  takes.firstBoot = performance.now() - began;
}

test('a first start, with a disk that has a cache', async () => {
  await wholeStart(timeFirstBoot);
  assert.equal(await board.run('cat /sys/block/vda/queue/write_cache'), 'write back');
  console.log(`cut 0, while frames flow: ${await cut()}`);
});

test(`after each of ${CUTS} cuts it starts, with old or new settings and models, and tells`, async () => {
  for (let number = 1; number <= CUTS; number++) {
    const [what, comes] = moment(number);
    if (number % 2 === 0) await wholeStart();
    await comes();
    console.log(`cut ${number}, while ${what}: ${await cut()}`);
  }
  await wholeStart();
});
