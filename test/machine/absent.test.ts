/** Power on without a camera and without a broker; both come later, and more befalls the board. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Board, FOLDER } from '../support/board/board.ts';
import { copyCard } from '../support/board/card.ts';
import { Service } from '../support/board/service.ts';
import { settings } from '../support/board/settings.ts';
import { type State, Telemetry } from '../support/board/telemetry.ts';

/** From a cold start, on a machine that is busy with other things. */
const BOOT_SECONDS = 240;

const card = join(FOLDER, 'absent.img');
// The camera's module is loaded by hand alone.
const board = new Board({ name: 'absent', card, kernel: ['modprobe.blacklist=vivid'] });
const telemetry = await Telemetry.create();
const service = new Service(board, telemetry);

before(async () => {
  const mqtt = { broker: telemetry.url };
  copyCard(join(FOLDER, 'card.img'), card, { 'edgepool/edgepool.yaml': settings({ mqtt }) });
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
  const state = await telemetry.state(board, what, more, 120);
  assert.equal(state.boot, boot, 'it is still the same start');
  return state;
}

test('without a camera it tries again, and says which one is missing', async () => {
  const tried = async () => Number(await service.property('NRestarts')) >= 2;
  await board.until('two tries', tried, BOOT_SECONDS);
  assert.match(await service.log(), /\/dev\/video0/);
});

test('a camera that appears is used, while the broker is still away', async () => {
  await board.run('modprobe vivid');
  const runs = () => service.ask('status').catch(() => null);
  const flows = (text: string | null) => text !== null && JSON.parse(text).frames.completed > 0;
  await board.until('frames', async () => flows(await runs()), 180);
});

test('a broker that comes later hears everything from then on', async () => {
  const starts = await service.property('NRestarts');
  await telemetry.start();
  last = await telemetry.state(board, 'the first state', undefined, 120);
  assert.equal(telemetry.availability().at(-1), 'online');
  assert.equal(await service.property('NRestarts'), starts);
});

test('a camera that is unplugged and comes back is taken up again by the same start', async () => {
  last = await goesOn('frames');
  await board.run('echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind');
  await board.until('the program lets go', () => board.holds('rmmod vivid 2>/dev/null'), 60);
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
  // dd ends with a failure when there is no room left.
  await board.run('! dd if=/dev/zero of=/data/filling bs=1M 2>/dev/null');
  assert.equal(await board.holds('echo more >/data/more 2>/dev/null && sync /data/more'), false);
  await service.restart();
  last = await service.again(last.boot);
  await board.run('rm /data/filling');
});
