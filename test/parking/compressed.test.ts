/** Models that wait compressed, in every place. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { DiskStore } from '../../app/parking/disk-store.ts';
import { MemoryPlace } from '../../app/parking/memory-place.ts';
import { NeighbourStore } from '../../app/parking/neighbour-store.ts';
import { pieceOffset } from '../../app/parking/pieces.ts';
import { edgepool } from '../support/edgepool.ts';
import { House } from '../support/house.ts';
import {
  answer,
  comesBack,
  expectLost,
  outside,
  overwriteFree,
  SEVERAL_PIECES,
  SMALL,
} from '../support/parked.ts';
import { scratchFolder } from '../support/scratch.ts';
import { Valkey } from '../support/valkey.ts';

const scratch = scratchFolder();
const folder = join(scratch.path, 'parked');
const house = new House(64);
const server = await Valkey.start();

function stores() {
  const limits = { expirySeconds: 600, timeoutMs: 2000 };
  return [new DiskStore(folder), new NeighbourStore({ ...server.access, ...limits })];
}

const load = (name: string) => house.load({ name, source: SEVERAL_PIECES }, 16);

before(() => house.start());
afterEach(() => house.clear());
after(() => house.stop());

for (const how of ['lz4', 'zstd'] as const) {
  test(`${how}: outside, a model holds and moves less than it has in use, and comes back`, async () => {
    house.region.compress(how);
    const model = await load('waits');
    for (const store of stores()) {
      const there = outside(store);
      const waits = () => {
        const { held_bytes, live_bytes } = there.place.figures();
        assert.ok(held_bytes < live_bytes, `${held_bytes} of ${live_bytes}`);
        assert.equal(live_bytes, there.place.parked()[0]?.live_bytes);
      };
      await comesBack(house, there, model, { waits, back: () => undefined });
      const { written_bytes, unchanged_bytes, read_bytes } = there.place.figures();
      assert.equal(written_bytes + unchanged_bytes, read_bytes);
      if (store.name === 'disk') assert.ok(unchanged_bytes > 0);
      await there.place.stop();
    }
  });

  test(`${how}: in the region, a packed model holds less than it has in use`, async () => {
    house.region.compress(how);
    const model = await load('here');
    const expected = answer(model);
    const place = new MemoryPlace({ boundBytes: null, patienceMs: 5000 });
    await place.park(model);
    const { held_bytes: whole, live_bytes } = place.figures();
    await model.pack();
    const { held_bytes } = place.figures();
    assert.ok(held_bytes < live_bytes && live_bytes < whole, `${held_bytes}, ${live_bytes}`);
    await overwriteFree(house);
    await place.restore(model);
    assert.deepEqual(answer(model), expected);
  });
}

test('whatever becomes of a compressed piece, the model answers, and what happened is told', async () => {
  house.region.compress('zstd');
  const model = await load('meant');
  const [disk, neighbour] = stores();
  assert.ok(disk !== undefined && neighbour !== undefined);
  const notSealed = /^piece 1 of a sealed block: is not the one that was sealed here$/;
  const onDisk = outside(disk);
  await onDisk.place.start();
  const file = () =>
    join(folder, readdirSync(folder).find((name) => name.endsWith('.sealed')) ?? '');
  const flip = () => {
    const bytes = readFileSync(file());
    bytes[pieceOffset(1)] = (bytes[pieceOffset(1)] ?? 0) ^ 1;
    writeFileSync(file(), bytes);
  };
  await expectLost(onDisk, model, flip, notSealed);
  const cut = () => truncateSync(file(), pieceOffset(1) + 100);
  await expectLost(onDisk, model, cut, /^model meant: piece 1 has \d+ bytes, not 100$/);
  await onDisk.place.stop();

  const there = outside(neighbour);
  await there.place.start();
  const put = (piece: Buffer) =>
    server.with(async (client) => {
      const [key = ''] = await client.keys('edgepool:*:1');
      await client.set(key, piece);
    });
  // What would expand to more than any memory.
  const bomb = Buffer.alloc(2 ** 20, 0x28);
  await expectLost(there, model, () => put(bomb), /piece 1 has \d+ bytes, not 1048576$/);
  await there.place.stop();
});

test('a library that is not there is told in one line before a frame is taken', async () => {
  scratch.write('libzstd.so.1', '');
  const environment = { EDGEPOOL_PARKING_COMPRESS: 'zstd', LD_LIBRARY_PATH: scratch.path };
  const run = ['run', '--model', SMALL, '--broker', 'none', '--duration', '1'];
  const { status, err } = await edgepool(run, { environment });
  assert.equal(status, 1, err);
  assert.match(
    err,
    /^edgepool: libzstd\.so\.1: cannot be used; install it, or set parking\.compress to none \(.*\)\n$/,
  );
});
