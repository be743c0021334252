/** Power on with a camera and a broker. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Board, FOLDER } from '../support/board/board.ts';
import { copyCard } from '../support/board/card.ts';
import { compareOutputs, modelFiles, topLabels } from '../support/board/outputs.ts';
import { phases } from '../support/board/phases.ts';
import { knownPicture } from '../support/board/picture.ts';
import { Service } from '../support/board/service.ts';
import { settings } from '../support/board/settings.ts';
import { type State, Telemetry } from '../support/board/telemetry.ts';

const PICTURE = '/data/edgepool/known.bmp';

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
  // 64 MiB when it was made; what the card has beyond is 512. It may still grow while frames flow.
  await board.untilThere('a file system of more than 500 MiB', async () => {
    const size = await board.run("df --output=size -BM /data | tail -1 | tr -dc '0-9'");
    return Number(size) > 500;
  });
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
