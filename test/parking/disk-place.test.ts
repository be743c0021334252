import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DiskStore } from '../../app/parking/disk-store.ts';
import { House } from '../support/house.ts';
import {
  answer,
  comesBack,
  expectLost,
  makesRoom,
  outside,
  PIECE_BYTES,
  parkedAgain,
  SEVERAL_PIECES,
  SMALL,
} from '../support/parked.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const folder = join(scratch.path, 'parked');
const store = () => new DiskStore(folder);
const files = () => readdirSync(folder).map((name) => join(folder, name));
const house = new House(64);

/** The file of the model that was parked last. */
function last(): string {
  const [file] = files()
    .filter((name) => name.endsWith('.sealed'))
    .sort((a, b) => numberOf(b) - numberOf(a));
  assert.ok(file !== undefined);
  return file;
}
const numberOf = (file: string) => Number(/(\d+)\.sealed$/.exec(file)?.[1]);

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  writeFileSync(file, bytes);
}

before(() => house.start());
afterEach(() => house.clear());
after(() => house.stop());

test('a model waits in a file, all of its memory is for others, and it comes back', async () => {
  const model = await house.load({ name: 'waits', source: SEVERAL_PIECES }, 16);
  const there = outside(store());
  const { place } = there;
  const waits = (round: number) => {
    const [waiting] = place.parked();
    assert.deepEqual([waiting?.place, waiting?.state], ['disk', 'away']);
    assert.equal(files().length, 1);
    const { held_bytes, live_bytes, models, parks } = place.figures();
    assert.deepEqual([live_bytes, models, parks], [waiting?.live_bytes, 1, round]);
    // As it is, and a seal to each piece.
    assert.equal(waiting?.packed_bytes, live_bytes);
    assert.equal(held_bytes, live_bytes + 16 * Math.ceil(live_bytes / 2 ** 20));
  };
  await comesBack(house, there, model, { waits, back: () => assert.equal(files().length, 1) });
  const { written_bytes, unchanged_bytes, read_bytes, kept_bytes } = place.figures();
  assert.ok(written_bytes > 3 * PIECE_BYTES, `${written_bytes}`);
  assert.equal(written_bytes + unchanged_bytes, read_bytes);
  assert.ok(kept_bytes > 0);
  await place.stop();
  assert.deepEqual(files(), []);
});

test('what has not changed since the last parking is not written again', async () => {
  const model = await house.load({ name: 'again', source: SEVERAL_PIECES }, 16);
  const { place, told } = outside(store());
  await place.start();
  const expected = answer(model);
  const { written: whole, unchanged: none } = await parkedAgain(house, place, model);
  assert.equal(none, 0);
  for (const salt of [1, 2, 3]) {
    answer(model, salt);
    const { written, unchanged } = await parkedAgain(house, place, model);
    // Its arena is another one, its weights are not.
    assert.ok(written > 0 && unchanged >= PIECE_BYTES, `${written}, ${unchanged}`);
    assert.equal(written + unchanged, whole);
  }
  assert.deepEqual(await parkedAgain(house, place, model), { written: 0, unchanged: whole });
  assert.deepEqual(answer(model), expected);
  // Somebody has emptied the folder.
  for (const file of files()) rmSync(file);
  assert.deepEqual(await parkedAgain(house, place, model), { written: whole, unchanged: 0 });
  assert.deepEqual(answer(model), expected);
  assert.deepEqual([place.figures().lost, told], [0, []]);
  await place.stop();
});

test('what models have left that are back makes room for others, the oldest first', () =>
  makesRoom(house, store(), () => files().length));

test('whatever becomes of the file, the model answers, and what happened is told', async () => {
  const model = await house.load({ name: 'meant', source: SEVERAL_PIECES }, 16);
  const other = await house.load({ name: 'other', source: SEVERAL_PIECES }, 16);
  const all = outside(store());
  await all.place.start();
  const notSealed = /^piece \d of a sealed block: is not the one that was sealed here$/;
  await expectLost(all, model, () => flip(last(), 0), notSealed);
  await parkedAgain(house, all.place, model);
  await expectLost(all, model, () => flip(last(), PIECE_BYTES), notSealed);
  await expectLost(all, model, () => flip(last(), 2 * PIECE_BYTES - 1), notSealed);
  await expectLost(all, model, () => flip(last(), readFileSync(last()).length - 1), notSealed);
  await expectLost(
    all,
    model,
    () => truncateSync(last(), PIECE_BYTES + 5),
    /has \d+ bytes, not 5$/,
  );
  await expectLost(all, model, () => rmSync(last()), /^place disk, .*: a file is gone \(ENOENT\)$/);

  const kept = join(scratch.path, 'older');
  answer(model, 1);
  await all.place.park(model);
  copyFileSync(last(), kept);
  await all.place.restore(model);
  await expectLost(all, model, () => copyFileSync(kept, last()), notSealed);

  await all.place.park(other);
  copyFileSync(last(), kept);
  await expectLost(all, model, () => copyFileSync(kept, last()), notSealed);
  await all.place.restore(other);
  assert.deepEqual(answer(other), answer(model));
  assert.deepEqual([all.place.figures().lost, all.told], [8, []]);
  await all.place.stop();
});

test('the place takes what its bound allows, and a model that does not fit stays', async () => {
  const first = await house.load({ name: 'first', source: SMALL }, 4);
  const second = await house.load({ name: 'second', source: SMALL }, 4);
  const expected = answer(second);
  const { place, told } = outside(store(), 700_000);
  await place.start();
  await place.park(first);
  const { held_bytes: held } = place.figures();
  assert.ok(held > 350_000);
  await assert.rejects(
    place.park(second),
    /^Error: model second: its \d+ bytes do not fit into the place disk, which holds \d+ of 700000; raise parking\.disk_mb or restore another model$/,
  );
  assert.deepEqual([place.figures().failures, told.pop()?.kind], [1, 'parking_failed']);
  assert.equal(second.parking().residence, 'resident');
  assert.deepEqual(answer(second), expected);
  place.forget(first);
  await place.park(second);
  await place.restore(second);
  assert.deepEqual(answer(second), expected);
  await place.stop();
});

test('where the region has no room the model waits on, and comes when there is', async () => {
  const model = await house.load({ name: 'late', source: SEVERAL_PIECES }, 16);
  const expected = answer(model);
  const { place } = outside(store());
  await place.start();
  await place.park(model);
  const free = house.region.stats().unassigned_bytes;
  const hog = await house.load({ name: 'hog', source: SMALL }, free / 2 ** 20);
  await hog.pool.grow(free);
  await assert.rejects(place.restore(model), /the region is full/);
  assert.equal(place.has(model), true);
  await hog.pool.trim(0);
  await place.restore(model);
  assert.deepEqual(answer(model), expected);
  await place.stop();
});

const child = fileURLToPath(new URL('disk-child.ts', import.meta.url));

test('a program that is killed between the halves of a parking leaves nothing to be believed', async () => {
  const cut = join(scratch.path, 'cut');
  const { signal, stderr } = spawnSync(process.execPath, ['--import', 'tsx', child, 'cut', cut]);
  assert.equal(signal, 'SIGKILL', String(stderr));
  const left = readdirSync(cut);
  assert.equal(left.length, 1);
  assert.match(left[0] ?? '', /\.part$/);
  await new DiskStore(cut).start();
  assert.deepEqual(readdirSync(cut), []);
});

test('a model stays where it is when the disk is full', () => {
  const full = scratchFolder().path;
  const command = 'mount -t tmpfs -o size=1536k tmpfs "$0" && exec "$@"';
  const run = [process.execPath, '--import', 'tsx', child, 'full', full];
  const user = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const words = [...user, '--mount', 'sh', '-c', command, full, ...run];
  const { stdout, stderr, status } = spawnSync('unshare', words, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const { message, told, residence, same, left } = JSON.parse(stdout);
  const expected = `place disk, ${full}: cannot be used (ENOSPC); free some of its disk, or set parking.disk_mb to 0`;
  assert.deepEqual(
    { message, told, residence, same, left },
    {
      message: expected,
      told: [{ kind: 'parking_failed', model: 'stays', place: 'disk', message: expected }],
      residence: 'resident',
      same: true,
      left: [],
    },
  );
});
