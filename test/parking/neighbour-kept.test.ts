/** What models have left at a neighbour that are back. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Model } from '../../app/models/model.ts';
import { NeighbourStore } from '../../app/parking/neighbour-store.ts';
import type { Place } from '../../app/parking/place.ts';
import { House } from '../support/house.ts';
import {
  answer,
  expectLost,
  type Given,
  makesRoom,
  outside,
  PIECE_BYTES,
  parkedAgain,
  SEVERAL_PIECES,
} from '../support/parked.ts';
import { SealedPieces } from '../support/sealed-pieces.ts';
import { until } from '../support/until.ts';
import { Valkey } from '../support/valkey.ts';

const EXPIRY_SECONDS = 600;
const house = new House(64);
const server = await Valkey.start();
const pieces = new SealedPieces(server);

function store(timeoutMs = 5000): NeighbourStore {
  return new NeighbourStore({ ...server.access, expirySeconds: EXPIRY_SECONDS, timeoutMs });
}

const load = (name: string): Promise<Model> => house.load({ name, source: SEVERAL_PIECES }, 16);

/** One of the figures that the server gives of itself. */
const figure = (name: string): Promise<number> =>
  server.with(async (client) => {
    const [, value] = new RegExp(`^${name}:(\\d+)`, 'm').exec(await client.info()) ?? [];
    assert.ok(value !== undefined, name);
    return Number(value);
  });

const keyCount = (): Promise<number> => server.with((client) => client.dbsize());

/** As parkedAgain; the server has come to as many bytes through its network, by its own count. */
async function sentAgain(place: Place, model: Model): Promise<Given> {
  const before = await figure('total_net_input_bytes');
  const given = await parkedAgain(house, place, model);
  const received = (await figure('total_net_input_bytes')) - before;
  // Beside pieces there are commands, each of some hundred bytes at most.
  const beside = received - given.written;
  assert.ok(beside > 0 && beside < PIECE_BYTES / 32, `${received} for ${given.written} bytes`);
  return given;
}

before(() => house.start());
afterEach(async () => {
  await house.clear();
  await server.with((client) => client.flushall());
});
after(() => house.stop());

test('what has not changed since the last parking is not sent again', async () => {
  const model = await load('again');
  const { place, told } = outside(store());
  await place.start();
  const expected = answer(model);
  const { written: whole, unchanged: none } = await sentAgain(place, model);
  assert.equal(none, 0);
  const count = await keyCount();
  for (const salt of [1, 2]) {
    answer(model, salt);
    const { written, unchanged } = await sentAgain(place, model);
    // Its arena is another one, its weights are not.
    assert.ok(written > 0 && unchanged >= PIECE_BYTES, `${written}, ${unchanged}`);
    assert.equal(written + unchanged, whole);
  }
  assert.deepEqual(await sentAgain(place, model), { written: 0, unchanged: whole });
  assert.deepEqual(answer(model), expected);
  assert.deepEqual([place.figures().kept_bytes > 0, await keyCount()], [true, count]);
  assert.deepEqual([place.figures().lost, told], [0, []]);
  await place.stop();
  assert.equal(await keyCount(), 0);
});

/** The server needs some of the memory that it has given. */
async function evict(): Promise<void> {
  const limit = (bytes: number) =>
    server.with((client) => client.config('SET', 'maxmemory', `${Math.floor(bytes)}`));
  await server.with((client) => client.config('SET', 'maxmemory-policy', 'volatile-ttl'));
  await until('it has evicted something', async () => {
    await limit((await figure('used_memory')) - PIECE_BYTES / 2);
    return (await figure('evicted_keys')) > 0;
  });
  await limit(0);
}

async function expire(): Promise<void> {
  await pieces.expireIn(1);
  await until('all have expired', async () => (await keyCount()) === 0);
}

const GOES = [
  { how: 'somebody deletes', befall: () => pieces.delete(1) },
  { how: 'the server evicts', befall: evict },
  { how: 'expires', befall: expire },
  {
    how: 'a server forgets that starts anew',
    befall: async () => {
      await server.kill();
      await server.start();
    },
  },
];
test('a piece that has gone is sent again, and no other', async () => {
  const model = await load('gone');
  const { place, told } = outside(store());
  await place.start();
  const expected = answer(model);
  const { written: whole } = await parkedAgain(house, place, model);
  for (const { how, befall } of GOES) {
    await befall();
    const left = await pieces.bytes();
    assert.ok(left < whole, how);
    const given = await parkedAgain(house, place, model);
    assert.deepEqual(given, { written: whole - left, unchanged: left }, how);
    assert.equal(await pieces.bytes(), whole, how);
  }
  assert.deepEqual(answer(model), expected);
  assert.deepEqual([place.figures().lost, place.figures().failures, told], [0, 0, []]);
  await place.stop();
});

test('what is not sent again lives as long as what is', async () => {
  const model = await load('lives');
  const { place } = outside(store());
  await place.start();
  await parkedAgain(house, place, model);
  await pieces.expireIn(60_000);
  assert.equal((await parkedAgain(house, place, model)).written, 0);
  const seconds = await pieces.secondsLeft();
  assert.ok(seconds.length >= 3);
  assert.ok(
    seconds.every((each) => each > 60 && each <= EXPIRY_SECONDS),
    `${seconds}`,
  );
  await place.stop();
});

test('a piece that was altered while its model was back is refused, and so is an older one', async () => {
  const model = await load('meant');
  const there = outside(store());
  const { place } = there;
  await place.start();
  const notSealed = /^piece \d of a sealed block: is not the one that was sealed here$/;
  const nothing = () => undefined;
  answer(model);
  const { written: whole } = await parkedAgain(house, place, model);
  await pieces.flip(1);
  const { unchanged_bytes: before } = place.figures();
  await expectLost(there, model, nothing, notSealed);
  assert.equal(place.figures().unchanged_bytes - before, whole, 'all of it seemed to be there');
  assert.equal(await keyCount(), 0, 'nothing is left of one that was loaded anew');

  answer(model, 1);
  await parkedAgain(house, place, model);
  const older = await pieces.take();
  answer(model);
  const { unchanged } = await parkedAgain(house, place, model);
  assert.ok(unchanged > 0 && unchanged < whole);
  await pieces.put(older);
  await expectLost(there, model, nothing, notSealed);
  await place.stop();
});

test('what models have left that are back makes room for others, the oldest first', () =>
  makesRoom(house, store(), keyCount));

test('what was left is of use again when the server is, and what was dropped meanwhile goes', async () => {
  const model = await load('out of reach');
  const other = await load('dropped');
  const { place, told } = outside(store(500));
  await place.start();
  await parkedAgain(house, place, other);
  const { written: whole } = await parkedAgain(house, place, model);
  const count = await keyCount();
  await server.with((client) => client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
  await until('nobody else is there', async () => (await figure('connected_clients')) === 1);
  server.cut();
  await assert.rejects(place.park(model), /^Error: place neighbour, redis:/);
  place.forget(other);
  server.mend();
  assert.deepEqual(await parkedAgain(house, place, model), { written: 0, unchanged: whole });
  assert.ok((await keyCount()) < count);
  assert.equal(await pieces.bytes(), whole);
  assert.deepEqual([place.figures().lost, told.map(({ kind }) => kind)], [0, ['parking_failed']]);
  await place.stop();
  assert.equal(await keyCount(), 0);
});
