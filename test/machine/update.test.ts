/** Updates of a board that U-Boot starts by the layer's own script: taken, refused, cut off, failed. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Board, FOLDER } from '../support/board/board.ts';
import { copyCard, writeBoot } from '../support/board/card.ts';
import { Service } from '../support/board/service.ts';
import { installedModels, settings } from '../support/board/settings.ts';
import { Slots } from '../support/board/slots.ts';
import { type State, Telemetry } from '../support/board/telemetry.ts';

const card = join(FOLDER, 'update.img');
const board = new Board({ name: 'update', card, uBoot: true, stick: join(FOLDER, 'stick.img') });
const telemetry = await Telemetry.create();
const service = new Service(board, telemetry);
const slots = new Slots(board);
// One model, the smallest: each start of the program is a short one.
const own = settings({ mqtt: { broker: telemetry.url }, models: installedModels().slice(0, 1) });
const SETTINGS = '/data/edgepool/edgepool.yaml';
const REBOOT = 'systemctl reboot';

before(async () => {
  // First boot has taken the file on the boot partition: it has nothing to do in all that follows.
  copyCard(join(FOLDER, 'card.img'), card, {
    'board/seen.yaml': own,
    'edgepool/edgepool.yaml': own,
    'edgepool/kept': 'a file of the board',
  });
  writeBoot(card, { 'edgepool.yaml': own });
  await telemetry.start();
  await board.start();
});
after(async () => {
  await board.kill();
  await telemetry.remove();
});

let last: State;

/** The slot that runs, and telemetry from it, as the board's own settings say. */
async function runs(slot: string): Promise<void> {
  assert.equal(await slots.running(), slot);
  last =
    last === undefined ? await telemetry.state(board, 'telemetry') : await service.again(last.boot);
  assert.deepEqual(
    last.models.map(({ name }) => name),
    ['shapes'],
  );
  assert.equal(await board.run(`cat ${SETTINGS}`), own.trimEnd());
  assert.equal(await board.run('cat /data/edgepool/kept'), 'a file of the board');
}

test('U-Boot starts slot A, and edgepool that holds out makes it a good one', async () => {
  await runs('A');
  assert.deepEqual(await slots.choice(), { order: 'A B', A: 2, B: 3 });
  assert.equal(await slots.proved('A'), false);
  await slots.prove();
  assert.equal(await slots.proved('A'), true);
  assert.deepEqual(await slots.choice(), { order: 'A B', A: 3, B: 3 });
});

const REFUSED = {
  'other-authority': /signature verification failed/i,
  'other-board': /compatible mismatch/i,
  'cut-short': /signature size/i,
};

test('a bundle of another authority, for another board or cut short is refused, and nothing is written', async () => {
  const untouched = await slots.digest('b');
  for (const [bundle, reason] of Object.entries(REFUSED)) {
    assert.match(await slots.refusal(bundle), reason);
  }
  assert.equal(await slots.digest('b'), untouched);
  assert.deepEqual(await slots.choice(), { order: 'A B', A: 3, B: 3 });
});

test('of a bundle that was changed after it was signed nothing is ever started', async () => {
  await slots.refusal('damaged');
  assert.deepEqual(await slots.choice(), { order: 'A', A: 3, B: 0 });
});

test('an update that a power cut ends is not started', async () => {
  await slots.begin('update', 'b');
  await board.kill();
  const before = board.slots.length;
  await board.start();
  await runs('A');
  assert.deepEqual(board.slots.slice(before), ['A']);
  assert.deepEqual(await slots.choice(), { order: 'A', A: 2, B: 0 });
});

test('an update starts with the settings and data that there were; while it was written, the old slot has proved itself', async () => {
  await slots.begin('update', 'b');
  await slots.prove();
  assert.deepEqual(await slots.choice(), { order: 'B A', A: 3, B: 3 });
  assert.deepEqual(await slots.after(REBOOT), ['B']);
  await runs('B');
  assert.equal(await board.run('cat /etc/edgepool-test'), 'next');
  assert.deepEqual(await slots.choice(), { order: 'B A', A: 3, B: 2 });
});

test('a slot whose time to prove itself is over restarts the board, and is tried again', async () => {
  assert.equal(await slots.proved('B'), false);
  assert.deepEqual(await slots.after('systemctl start --no-block edgepool-trial.service'), ['B']);
  await runs('B');
  assert.equal((await slots.choice()).B, 1);
  await slots.prove();
  assert.equal((await slots.choice()).B, 3);
  await board.run('systemctl start edgepool-trial.service');
  assert.equal((await slots.choice()).B, 3, 'a slot that has proved itself is left alone');
});

test('a system that does not start is tried three times, and the old one starts again', async () => {
  assert.equal(await slots.proved('A'), true);
  await slots.install('no-system');
  assert.equal(await slots.proved('A'), false, 'what proved itself is gone');
  assert.deepEqual(await slots.after(REBOOT, 4), ['A', 'A', 'A', 'B']);
  await runs('B');
  assert.deepEqual(await slots.choice(), { order: 'A B', A: 0, B: 2 });
});
