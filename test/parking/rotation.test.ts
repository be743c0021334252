import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { PatternSource } from '../../app/frames/pattern-source.ts';
import { Pool } from '../../app/memory/pool.ts';
import type { Keep } from '../../app/parking/moves.ts';
import { Rotation, type RotationEvent, type Seat } from '../../app/parking/rotation.ts';
import type { LaneOptions } from '../../app/pipeline/lane.ts';
import { slotsFor } from '../../app/pipeline/pipeline.ts';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import { Aside } from '../support/aside.ts';
import { House } from '../support/house.ts';
import { ROOT } from '../support/root.ts';
import { testWithMade } from '../support/shared.ts';
import { Stream } from '../support/stream.ts';

const house = new House(64);
before(() => house.start());
afterEach(() => house.clear());
after(() => house.stop());

const FPS = 30;
const GUESTS = ['a', 'b', 'c', 'd', 'e', 'f'];

async function lane(name: string, more: Partial<LaneOptions> = {}): Promise<LaneOptions> {
  const model = await house.load({ name, source: `${ROOT}build/models/tiny_int8.tflite` }, 8);
  await model.pool.trim(0);
  const rest = { every: 1, deadlineMs: null, priority: 0, fit: 'stretch', mean: null, std: null };
  return { model, ...rest, ...more } as LaneOptions;
}

/** A model that is always there, six that take turns, and memory for `room` of those. */
async function crowd(keep: Keep, room: number, turns: Partial<LaneOptions>) {
  const aside = new Aside();
  const fixed = await lane('fixed');
  const guests: LaneOptions[] = [];
  for (const name of GUESTS) {
    const guest = await lane(name, turns);
    guests.push(guest);
    await aside.park(guest.model);
  }
  const source = new PatternSource(house.region.native, {
    width: 320,
    height: 240,
    fps: FPS,
    seed: 7,
  });
  const lanes = [fixed, ...guests];
  const stream = new Stream(house, { source, fps: FPS, lanes, slots: slotsFor(lanes.length) });
  const { pipeline } = stream;
  const seats = guests.map(
    ({ model }): Seat => ({
      ...{ model, keep, stand: () => pipeline.lane(model.name) },
      get residence() {
        return pipeline.lane(model.name).residence;
      },
      set residence(residence) {
        pipeline.setResidence(model.name, residence);
      },
    }),
  );
  for (const seat of seats) seat.residence = 'parked';
  const events: RotationEvent[] = [];
  const rotation = new Rotation({
    seats: () => seats,
    freeBytes: () => house.region.stats().unassigned_bytes,
    place: aside,
    tell: (event) => events.push(event),
  });
  await stream.start();
  // The frames have their memory by now; what is left is for so many guests.
  const each = guests[0]?.model.parking().windowBytes ?? 0;
  const quotaBytes = house.region.stats().unassigned_bytes - each * room;
  const ballast = new Pool(house.region, { name: 'ballast', quotaBytes });
  await ballast.start();
  pipeline.onTurn = () => rotation.turn();
  const stop = async () => {
    await rotation.hold();
    const snapshot = (await stream.stop()) as Snapshot;
    await ballast.stop();
    for (const seat of seats) if (seat.residence !== 'resident') await aside.restore(seat.model);
    return snapshot;
  };
  return { aside, stream, seats, rotation, events, stop };
}

const answers = (stream: Stream, name: string) =>
  stream.results.filter(({ model }) => model === name).length;

testWithMade('six models take turns in memory for three: every due frame is answered', async () => {
  const { stream, seats, events, stop } = await crowd('warm', 3, { fps: 5 });
  let most = 0;
  await stream.until(() => {
    most = Math.max(most, seats.filter(({ residence }) => residence !== 'parked').length);
    return GUESTS.every((name) => answers(stream, name) >= 12);
  });
  const { models, steady_state } = await stop();
  assert.equal(most, 3);
  for (const { name, dropped } of models) {
    // A frame that is superseded has met a busy machine, not a model that was away.
    const { parked, error, no_slot } = dropped;
    assert.deepEqual({ parked, error, no_slot }, { parked: 0, error: 0, no_slot: 0 }, name);
  }
  assert.deepEqual([steady_state.minor_faults, steady_state.foreign_allocations], [0, 0]);
  assert.ok(steady_state.frames_covered > 30);
  assert.deepEqual(stream.errors, []);
  assert.deepEqual(events, []);
});

testWithMade('cold models are there for their frames alone', async () => {
  const { stream, seats, events, stop } = await crowd('cold', 6, { fps: 2 });
  await stream.until(() => GUESTS.every((name) => answers(stream, name) >= 4));
  await stream.until(() => seats.every(({ residence }) => residence === 'parked'));
  await stop();
  assert.deepEqual(events, []);
});

testWithMade('what cannot be moved is left alone for a while and tried again', async () => {
  const { aside, stream, events, stop } = await crowd('warm', 3, { fps: 5 });
  aside.fails.park.push('the disk is full');
  aside.fails.restore.push('the disk is gone');
  await stream.until(() => events.length > 0 && aside.fails.park.length === 0);
  const seen = GUESTS.map((name) => answers(stream, name));
  await stream.until(() => GUESTS.every((name, at) => answers(stream, name) > (seen[at] ?? 0) + 2));
  await stop();
  assert.deepEqual(
    events.map(({ kind, message }) => [kind, message]),
    [['restoring_failed', 'the disk is gone']],
  );
});

testWithMade(
  'models that do nothing but move are named, with the memory that they need',
  async () => {
    const { aside, stream, seats, events, stop } = await crowd('warm', 1, { every: 1 });
    const { park } = aside;
    // As slow as a card.
    aside.park = async (model) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await park.call(aside, model);
    };
    await stream.until(() => events.length > 0);
    const { models } = await stop();
    const bytes = seats.reduce((sum, { model }) => sum + model.parking().windowBytes, 0);
    assert.equal(events[0]?.kind, 'parking_strained');
    assert.match(events[0]?.message ?? '', /^a, b, c, d, e, f spend most of the time/);
    assert.match(events[0]?.message ?? '', new RegExp(`need ${(bytes / 2 ** 20).toFixed(1)} MiB`));
    // What they missed meanwhile has a name, and the one that is always there missed nothing for it.
    assert.ok(models.slice(1).every(({ dropped }) => dropped.parked > 0));
    assert.equal(models[0]?.dropped.parked, 0);
  },
);
