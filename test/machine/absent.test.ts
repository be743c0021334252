/** Power on without a camera and without a broker; both come later, and more befalls the board. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import { Board, FOLDER } from '../support/board/board.ts';
import { copyCard } from '../support/board/card.ts';
import { Service } from '../support/board/service.ts';
import { installedModels, settings } from '../support/board/settings.ts';
import { type State, Telemetry } from '../support/board/telemetry.ts';

const card = join(FOLDER, 'absent.img');
// The camera's module is loaded by hand alone.
const board = new Board({ name: 'absent', card, kernel: ['modprobe.blacklist=vivid'] });
const telemetry = await Telemetry.create();
const service = new Service(board, telemetry);
// One model, the smallest: each start of the program is a short one.
const models = installedModels().slice(0, 1);
const own = { mqtt: { broker: telemetry.url }, models };

before(async () => {
  copyCard(join(FOLDER, 'card.img'), card, { 'edgepool/edgepool.yaml': settings(own) });
  await board.start();
});
after(async () => {
  await board.kill();
  await telemetry.remove();
});

let last: State;

/** Another state of the same start, with more frames than the last. */
async function goesOn(what: string, fits: (state: State) => boolean = () => true): Promise<State> {
  const { boot, frames } = last;
  const more = (state: State) => state.frames.completed > frames.completed && fits(state);
  const state = await telemetry.state(board, what, more);
  assert.equal(state.boot, boot, 'it is still the same start');
  return state;
}

/** What the program says over its socket, once that fits. */
async function says(what: string, fits: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
  return board.untilThere(what, async () => {
    const text = await service.ask('status').catch(() => null);
    const snapshot: Snapshot | null = text === null ? null : JSON.parse(text);
    return snapshot !== null && fits(snapshot) ? snapshot : null;
  });
}

test('without a camera it runs, and says which one is missing', async () => {
  const active = async () => (await service.property('ActiveState')) === 'active';
  await board.untilThere('it is ready', active);
  const { sources } = await says('a state', () => true);
  assert.deepEqual([sources[0]?.away, sources[0]?.captured], [true, 0]);
  assert.match(await service.log(), /\/dev\/video0: there is no such device/);
});

test('a camera that appears is used, while the broker is still away', async () => {
  await board.run('modprobe vivid');
  const { sources } = await says('frames', ({ frames }) => frames.completed > 0);
  assert.equal(sources[0]?.away, false);
  assert.equal(await service.property('NRestarts'), '0');
});

test('a broker that comes later hears everything from then on', async () => {
  await telemetry.start();
  last = await telemetry.state(board, 'the first state');
  assert.equal(telemetry.availability().at(-1), 'online');
  assert.equal(await service.property('NRestarts'), '0');
  const told = telemetry.events('error').map(({ message }) => message ?? '');
  assert.ok(told.some((message) => /\/dev\/video0: there is no such device/.test(message)));
});

test('a broker that goes and comes back is found again', async () => {
  await telemetry.kill();
  await telemetry.start();
  last = await goesOn('telemetry');
});

test('a camera that is unplugged and comes back is taken up again by the same start', async () => {
  last = await goesOn('frames');
  await board.run('echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind');
  await board.untilThere('the program lets go', () => board.holds('rmmod vivid 2>/dev/null'));
  assert.equal(await board.holds('test -e /dev/video0'), false);
  await board.run('modprobe vivid');
  last = await goesOn('frames of the camera that is back');
});

test('a clock that jumps, years ahead and back, stops nothing', async () => {
  for (const date of ['2037-06-01', '2019-06-01']) {
    await board.run(`date --set=${date}`);
    last = await goesOn(`telemetry of ${date}`, ({ time }) => time.startsWith(date.slice(0, 4)));
  }
});

test('with a full data partition it starts and tells', async () => {
  const room = '$(df --output=avail -B1 /data | tail -1)';
  await board.run(`fallocate --length "${room}" /data/filling`);
  // What only root may have. dd ends with a failure when there is no room left.
  await board.run('! dd if=/dev/zero of=/data/rest bs=64k 2>/dev/null');
  await service.restart();
  last = await service.again(last.boot);
  assert.match(await service.log(), /not remembered: ENOSPC/);
  await board.run('rm -f /data/filling /data/rest');
});

test('of two models the damaged one is left out and named, and the other runs', async () => {
  const [sound] = models;
  const damaged = '/data/edgepool/damaged.tflite';
  await board.run(`head -c 20000 ${sound?.file} >${damaged} && chown edgepool: ${damaged}`);
  await service.settings(settings({ ...own, models: [{ file: damaged }, ...models] }));
  last = await service.again(last.boot);
  assert.deepEqual(
    last.models.map(({ name }) => name),
    ['shapes'],
  );
  assert.equal(telemetry.events('model_refused').at(-1)?.model, 'damaged');
});

test('with damaged settings it runs with those of the system, and says so', async () => {
  const whole = settings(own);
  await service.settings(`${whole.slice(0, whole.length / 2)}\0\0\0\0`);
  // The broker is unknown now, and who asks the program itself waits long beside the default job.
  const ready = await board.untilThere('frames of the default job', async () => {
    const lines = await service.lines();
    const refused = lines.findLastIndex(({ msg }) =>
      /^settings are left out: \S*edgepool\.yaml/.test(msg),
    );
    const flows = refused >= 0 && lines.slice(refused).some(({ completed = 0 }) => completed > 0);
    return flows ? lines.findLast(({ msg }) => msg === 'ready') : null;
  });
  assert.equal(ready.models?.length, 3);
  await service.settings(whole);
  last = await service.again(last.boot);
});
