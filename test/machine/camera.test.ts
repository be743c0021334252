/** Power on with a camera and a broker, and then one thing after the other that may befall a board. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Board, FOLDER } from '../support/board/board.ts';
import { copyCard } from '../support/board/card.ts';
import { compareOutputs, modelFiles, topLabels } from '../support/board/outputs.ts';
import { phases } from '../support/board/phases.ts';
import { knownPicture } from '../support/board/picture.ts';
import { Service } from '../support/board/service.ts';
import { installedModels, settings } from '../support/board/settings.ts';
import { type State, Telemetry } from '../support/board/telemetry.ts';
import { ROOT } from '../support/edgepool.ts';

const PICTURE = '/data/edgepool/known.bmp';
const OTHER_MODEL = '/data/edgepool/other.tflite';

const card = join(FOLDER, 'camera.img');
const board = new Board({ name: 'camera', card });
const telemetry = await Telemetry.create();
const service = new Service(board, telemetry);
const mqtt = { broker: telemetry.url };

before(async () => {
  await telemetry.start();
  copyCard(join(FOLDER, 'card.img'), card, {
    'edgepool/edgepool.yaml': settings({ mqtt }),
    'edgepool/known.bmp': knownPicture(),
    'edgepool/other.tflite': readFileSync(join(ROOT, 'build/models/tiny_int8.tflite')),
  });
  await board.start();
});
after(async () => {
  await board.kill();
  await telemetry.remove();
});

let last: State;

test('telemetry comes by itself, and the phases until then are known', async () => {
  last = await telemetry.state(board, 'the first state');
  const here_ms = board.since_ms;
  assert.equal(telemetry.availability().at(-1), 'online');
  console.log(await phases(board, last, here_ms));
});

test('a camera, and three models in three pools of one locked region', async () => {
  const { boot } = last;
  last = await telemetry.state(board, 'frames', ({ frames }) => frames.completed >= 3);
  assert.equal(last.boot, boot);
  assert.deepEqual([last.region.locked, last.region.page_bytes], [true, 2 * 1024 * 1024]);
  assert.equal(last.models.length, 3);
  for (const { name, pool } of last.models) {
    assert.ok(pool.mapped_bytes > 0 && pool.live_bytes <= pool.mapped_bytes, name);
  }
});

test('the data partition has grown to the end of the card, and its file system with it', async () => {
  const mebibytes = Number(await board.run("df --output=size -BM /data | tail -1 | tr -dc '0-9'"));
  // 64 when it was made; what the card has beyond is 512.
  assert.ok(mebibytes > 500, `${mebibytes} MiB`);
});

test('no page fault and no foreign allocation while frames flow', async () => {
  last = await telemetry.state(
    board,
    'thirty frames of steady state',
    ({ steady_state }) => steady_state.frames_covered >= 30,
  );
  const { minor_faults, foreign_allocations } = last.steady_state;
  assert.deepEqual(
    { minor_faults, foreign_allocations },
    { minor_faults: 0, foreign_allocations: 0 },
  );
});

test('a known picture means what it means on this machine, each output within one step', async () => {
  await service.settings(settings({ mqtt, source: { kind: 'still', path: PICTURE } }));
  const answered = ({ models }: State) => models.every(({ invokes }) => invokes > 0);
  last = await service.again(last.boot, answered);
  const here = topLabels();
  const there = Object.fromEntries(last.models.map(({ name, top }) => [name, top?.label]));
  assert.deepEqual(there, here);
  for (const file of modelFiles()) console.log(await compareOutputs(board, file, PICTURE));
});

test('models that have run well are remembered', async () => {
  // From here on with one small model: each start of the program is a short one.
  const models = installedModels().slice(0, 1);
  await service.settings(settings({ mqtt, models, recovery: { good_after_seconds: 5 } }));
  last = await service.again(last.boot);
  await board.untilThere('it is written down', async () => {
    const kept = JSON.parse(await board.run('cat /data/edgepool/models.json'));
    return kept.good?.models.length === 1;
  });
});

test('killed, it is started again within five seconds, its will was published, and it is alone', async () => {
  // Another model, which does not run well for long enough in all that follows.
  const models = [{ name: 'other', file: OTHER_MODEL }];
  await service.settings(settings({ mqtt, models, recovery: { good_after_seconds: 36_000 } }));
  last = await service.again(last.boot);
  const [pid, heard] = [await service.pid(), telemetry.availability().length];
  const killed = Number.parseFloat(await board.run(`cat /proc/uptime; kill -9 ${pid}`));
  last = await service.again(last.boot);
  const waited = (await service.startedAt()) - killed;
  console.log(`started again after ${waited.toFixed(1)} s of the guest's clock`);
  assert.ok(waited < 5);
  assert.deepEqual(telemetry.availability().slice(heard), ['offline', 'online']);
  assert.notEqual(await service.pid(), pid);
  assert.equal(await service.instances(), 1);
  assert.equal(await service.property('NRestarts'), '1');
});

const HANGS = {
  'an event loop': () => service.pid(),
  "a model's thread": () => service.thread('ep-other'),
};
for (const [what, thread] of Object.entries(HANGS)) {
  test(`${what} that hangs is ended by the watchdog, and all starts again`, async () => {
    const restarts = Number(await service.property('NRestarts'));
    const hung = await board.clock();
    await service.hang(await thread());
    last = await service.again(last.boot);
    const waited = (await service.startedAt()) - hung;
    console.log(`started again after ${waited.toFixed(1)} s of the guest's clock`);
    assert.match(await service.log(), /Watchdog timeout/);
    assert.equal(Number(await service.property('NRestarts')), restarts + 1);
    assert.equal(await service.instances(), 1);
  });
}

test('cut off three times in a row, it runs the models that last ran well, and says so', async () => {
  const told = () => telemetry.events('models_fallback').at(-1);
  const { origin, starts, models } = await board.until('the event', told);
  assert.deepEqual(
    { origin, starts, models },
    { origin: 'last_good', starts: 3, models: ['shapes'] },
  );
  assert.deepEqual(
    last.models.map(({ name }) => name),
    ['shapes'],
  );
});
