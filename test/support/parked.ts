/** What tests of places share: a model that answers, a place outside, and what it has told. */
import assert from 'node:assert/strict';
import koffi from 'koffi';
import { Pool } from '../../app/memory/pool.ts';
import type { Model } from '../../app/models/model.ts';
import { EP_SEAL_BYTES, EP_SEALED_PIECE_BYTES } from '../../app/native/constants.ts';
import { OutsidePlace } from '../../app/parking/outside-place.ts';
import type { Place, PlaceEvent } from '../../app/parking/place.ts';
import type { Incoming, Store } from '../../app/parking/store.ts';
import type { House } from './house.ts';
import { ROOT } from './root.ts';
import { until } from './until.ts';

/** Of several pieces, the last of them not full. */
export const SEVERAL_PIECES = `${ROOT}build/models/mobilenet_v3_small_int8.tflite`;
export const SMALL = `${ROOT}build/models/tiny_int8.tflite`;
/** A piece that is full, sealed. */
export const PIECE_BYTES = EP_SEALED_PIECE_BYTES + EP_SEAL_BYTES;

const inputs = new Map<string, Uint8Array>();

function input(bytes: number, index: number, salt: number): Uint8Array {
  const key = `${bytes}, ${index}, ${salt}`;
  const made = inputs.get(key);
  if (made !== undefined) return made;
  const values = Uint8Array.from({ length: bytes }, (_, at) => (at * (31 + salt) + index) % 251);
  inputs.set(key, values);
  return values;
}

/** What it answers to an input that is always the same for the same salt. */
export function answer(model: Model, salt = 0): Buffer {
  model.inputs.forEach(({ bytes }, index) => {
    model.writeInput(index, input(bytes, index, salt));
  });
  model.invokeNow();
  return Buffer.concat(model.outputs.map((_, index) => Buffer.from(model.readOutput(index).bytes)));
}

export interface Outside {
  place: OutsidePlace;
  told: PlaceEvent[];
}

/** Models are loaded anew into the pools that they had. */
export function outside(store: Store, boundBytes = 2 ** 30): Outside {
  const told: PlaceEvent[] = [];
  const place = new OutsidePlace({
    store,
    boundBytes,
    boundSetting: `parking.${store.name}_mb`,
    patienceMs: 5000,
    reload: async (model) => {
      await model.stop();
      await model.start();
    },
    tell: (event) => told.push(event),
  });
  return { place, told };
}

/** Writes over every chunk of the region that is free. */
export async function overwriteFree(house: House): Promise<void> {
  const free = house.region.stats().unassigned_bytes;
  const pool = new Pool(house.region, { name: 'other', quotaBytes: free, plannedBytes: free });
  await pool.start();
  const { ep_pool_alloc, ep_pool_free } = house.runtime.native;
  const bytes = free - 32768;
  const block = ep_pool_alloc(pool.handle, bytes, 16);
  assert.ok(block !== null);
  new Uint8Array(koffi.view(block, bytes)).fill(0xa5);
  ep_pool_free(pool.handle, block);
  await pool.stop();
}

/** Three times parked and restored, and what was its memory written over meanwhile: it answers as
 *  before, and nothing was lost. `waits` and `back` look at the place in between. */
export async function comesBack(
  house: House,
  { place, told }: Outside,
  model: Model,
  { waits, back }: Record<'waits' | 'back', (round: number) => Promise<void> | void>,
): Promise<void> {
  await place.start();
  const expected = answer(model);
  for (let round = 1; round <= 3; round += 1) {
    await place.park(model);
    assert.equal(model.parking().heldBytes, 0);
    await waits(round);
    await overwriteFree(house);
    await place.restore(model);
    assert.deepEqual(answer(model), expected);
    await back(round);
  }
  const { restores, lost, failures } = place.figures();
  assert.deepEqual([restores, lost, failures, told], [3, 0, 0, []]);
}

/** What a parking has given to the place, and what was there already, in bytes. */
export interface Given {
  written: number;
  unchanged: number;
}

/** The model is parked, what was its memory written over, and restored. */
export async function parkedAgain(house: House, place: Place, model: Model): Promise<Given> {
  const before = place.figures();
  await place.park(model);
  const { written_bytes, unchanged_bytes } = place.figures();
  await overwriteFree(house);
  await place.restore(model);
  return {
    written: written_bytes - before.written_bytes,
    unchanged: unchanged_bytes - before.unchanged_bytes,
  };
}

/** Of what models have left that are back, the oldest gives way to others, and all goes with its
 *  model. `blocks`: how many the store holds. */
export async function makesRoom(
  house: House,
  store: Store,
  blocks: () => number | Promise<number>,
): Promise<void> {
  const models = [];
  for (const name of ['a', 'b', 'c']) models.push(await house.load({ name, source: SMALL }, 4));
  const [a, b, c] = models;
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  await a.park(5000);
  const bound = 2.5 * a.parking().packedBytes;
  await a.restore();
  const { place } = outside(store, bound);
  await place.start();
  const expectThere = async (expected: { dropped: number; there: number }) => {
    const { dropped, held_bytes, kept_bytes } = place.figures();
    assert.ok(held_bytes + kept_bytes <= bound);
    assert.deepEqual({ dropped, there: await blocks() }, expected);
  };
  for (const model of [a, b]) {
    await place.park(model);
    await place.restore(model);
  }
  await expectThere({ dropped: 0, there: 2 });
  await place.park(c);
  await expectThere({ dropped: 1, there: 2 });
  const { unchanged_bytes: before } = place.figures();
  await place.restore(c);
  await place.park(a);
  assert.equal(place.figures().unchanged_bytes, before, 'nothing of a was there any more');
  await expectThere({ dropped: 2, there: 2 });
  place.forget(c);
  place.forget(a);
  assert.deepEqual([place.figures().held_bytes, place.figures().kept_bytes], [0, 0]);
  await until('nothing is left', async () => (await blocks()) === 0);
  await place.stop();
}

/** Something happens each time a piece has gone in. */
export function afterEachPiece(incoming: Incoming, happens: () => Promise<void> | void): Incoming {
  return {
    ...incoming,
    write: async (number, piece) => {
      await incoming.write(number, piece);
      await happens();
    },
  };
}

/** The model is parked, something befalls what it has left, and it answers as before all the same;
 *  what the place tells is one line that matches `message`. */
export async function expectLost(
  { place, told }: Outside,
  model: Model,
  befall: () => Promise<void> | void,
  message: RegExp,
): Promise<void> {
  const expected = answer(model);
  const { lost } = place.figures();
  await place.park(model);
  await befall();
  await place.restore(model);
  assert.deepEqual(answer(model), expected);
  assert.equal(place.figures().lost, lost + 1);
  const event = told.pop();
  assert.deepEqual([event?.kind, event?.model, told], ['parked_model_lost', model.name, []]);
  assert.match(event?.message ?? '', message);
  assert.equal(place.has(model), false);
}
