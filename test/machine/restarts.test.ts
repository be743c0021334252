/** Starts of the program that are cut off, and what it makes of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Board, FOLDER } from '../support/board/board.ts';
import { copyCard } from '../support/board/card.ts';
import { Service } from '../support/board/service.ts';
import { installedModels, settings } from '../support/board/settings.ts';
import { type State, Telemetry } from '../support/board/telemetry.ts';
import { ROOT } from '../support/root.ts';

const OTHER_MODEL = '/data/edgepool/other.tflite';

const card = join(FOLDER, 'restarts.img');
const board = new Board({ name: 'restarts', card });
const telemetry = await Telemetry.create();
const service = new Service(board, telemetry);
const mqtt = { broker: telemetry.url };
// One small model: each start of the program is a short one.
const models = installedModels().slice(0, 1);

before(async () => {
  await telemetry.start();
  copyCard(join(FOLDER, 'card.img'), card, {
    'edgepool/edgepool.yaml': settings({ mqtt, models, recovery: { good_after_seconds: 5 } }),
    'edgepool/other.tflite': readFileSync(join(ROOT, 'build/models/tiny_int8.tflite')),
  });
  await board.start();
});
after(async () => {
  await board.kill();
  await telemetry.remove();
});

let last: State;

test('models that have run well are remembered', async () => {
  last = await telemetry.state(board, 'frames', ({ frames }) => frames.completed > 0);
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
  // On a busy machine the broker may miss a sign of life, and says so once more.
  const said = telemetry.availability().slice(heard);
  assert.deepEqual([said[0], said.at(-1)], ['offline', 'online']);
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
