/** Models wait at servers that are found: real ones, of which some go. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Model } from '../../app/models/model.ts';
import { NeighbourStore } from '../../app/parking/neighbour-store.ts';
import type { NeighbourEvent } from '../../app/parking/neighbours.ts';
import type { Offer } from '../../app/stats/offer.ts';
import { Authority } from '../support/certificates.ts';
import { House, MIB } from '../support/house.ts';
import { answer, expectLost, outside, SEVERAL_PIECES } from '../support/parked.ts';
import { scratchFolder } from '../support/scratch.ts';
import { Valkey } from '../support/valkey.ts';

const scratch = scratchFolder();
const house = new House(64);
const near = await Valkey.start();
const far = await Valkey.start();
const urlOf = (server: Valkey) => server.access.url;

before(() => house.start());
afterEach(async () => {
  await house.clear();
  for (const server of [near, far]) {
    await server.kill();
    await server.start();
  }
});
after(() => house.stop());

const load = (name: string): Promise<Model> => house.load({ name, source: SEVERAL_PIECES }, 16);
const offer = (server: Valkey, mib: number): Offer => {
  return { device: `board-${server.port}`, url: urlOf(server), free_bytes: mib * MIB };
};
const keys = (server: Valkey) => server.with((client) => client.dbsize());
const held = async () => [await keys(near), await keys(far)].map((count) => count > 0);

/** A place whose servers are those of `offers`, which the test changes. */
function found(offers: Offer[], ca: string | null = null) {
  const changes: NeighbourEvent[] = [];
  const finder = {
    offers: async () => offers,
    tell: (event: NeighbourEvent) => changes.push(event),
  };
  const access = { username: null, password: null, ca };
  const limits = { expirySeconds: 600, timeoutMs: 2000 };
  const there = outside(new NeighbourStore({ url: finder, ...access, ...limits }));
  return { ...there, offers, changes, there };
}

test('a model waits where the most room is, and stays there however that changes', async () => {
  const model = await load('stays');
  const { place, offers, changes, told } = found([offer(near, 10), offer(far, 20)]);
  await place.start();
  assert.equal(place.figures().server, null);
  await place.park(model);
  assert.deepEqual(await held(), [false, true]);
  await place.restore(model);
  offers.splice(0, 2, offer(near, 1000), offer(far, 0));
  await place.park(model);
  assert.deepEqual(await held(), [false, true]);
  await place.restore(model);
  const message = `place neighbour: models wait at ${urlOf(far)} from now on`;
  assert.deepEqual(changes, [
    { kind: 'neighbour_changed', url: urlOf(far), former: null, message },
  ]);
  assert.deepEqual([place.figures().server, told], [urlOf(far), []]);
  await place.stop();
});

test('where one is taken back the next is at another, and what waits there comes from there', async () => {
  const [first, second] = [await load('first'), await load('second')];
  const { place, offers, changes } = found([offer(near, 20), offer(far, 10)]);
  const expected = [answer(first), answer(second, 1)];
  await place.start();
  await place.park(first);
  offers.shift();
  await place.park(second);
  assert.deepEqual(await held(), [true, true]);
  await place.restore(first);
  await place.restore(second);
  assert.deepEqual([answer(first), answer(second, 1)], expected);
  // What the first has left is of no use where it goes now.
  const { unchanged_bytes: before } = place.figures();
  await place.park(first);
  assert.deepEqual([place.figures().unchanged_bytes - before, await held()], [0, [false, true]]);
  await place.restore(first);
  assert.deepEqual(answer(first), expected[0]);
  assert.deepEqual([place.figures().restores, place.figures().lost], [3, 0]);
  assert.deepEqual(
    changes.map(({ url, former }) => [url, former]),
    [
      [urlOf(near), null],
      [urlOf(far), urlOf(near)],
    ],
  );
  await place.stop();
});

for (const end of ['kill', 'cut'] as const) {
  const how = end === 'kill' ? 'is gone' : 'says nothing any more';
  test(`what waits at one that ${how} is lost and loaded, and the next waits at another`, async () => {
    const model = await load('lost');
    const { place, there } = found([offer(near, 20), offer(far, 10)]);
    await place.start();
    await expectLost(there, model, () => near[end](), /^place neighbour, redis:/);
    await place.park(model);
    assert.ok((await keys(far)) > 0);
    if (end === 'cut') near.mend();
    else await near.start();
    await place.restore(model);
    // It works again, and is not gone back to for that.
    await place.park(model);
    assert.deepEqual(await held(), [end === 'cut', true]);
    await place.restore(model);
    assert.deepEqual([place.figures().server, place.figures().lost], [urlOf(far), 1]);
    await place.stop();
  });
}

test('one that takes nothing is left, and asked again when no other is there', async () => {
  const model = await load('refused');
  const { place, offers, told } = found([offer(near, 20), offer(far, 10)]);
  await place.start();
  await near.with((client) => client.config('SET', 'maxmemory', '1'));
  await assert.rejects(place.park(model), /^Error: place neighbour, redis:.*OOM/);
  await place.park(model);
  await place.restore(model);
  assert.equal(place.figures().server, urlOf(far));
  offers.pop();
  await assert.rejects(place.park(model), /OOM/);
  await near.with((client) => client.config('SET', 'maxmemory', '0'));
  await place.park(model);
  await place.restore(model);
  assert.equal(place.figures().server, urlOf(near));
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['parking_failed', 'parking_failed'],
  );
  await place.stop();
});

test('where nobody lends, or none of them answers, one line says so and the model stays', async () => {
  const model = await load('nowhere');
  const expected = answer(model);
  const { place, offers, changes } = found([]);
  await place.start();
  await assert.rejects(place.park(model), {
    message: 'place neighbour: no board announces that it lends',
  });
  await near.kill();
  offers.push(offer(near, 1), { device: 'x', url: 'redis://127.0.0.1:1', free_bytes: 0 });
  await assert.rejects(place.park(model), /^Error: place neighbour, redis:.*ECONNREFUSED/);
  assert.deepEqual([model.parking().residence, answer(model)], ['resident', expected]);
  assert.deepEqual(changes, []);
  await place.stop();
});

test('a server that no authority of ours vouches for is told nothing and gets nothing', async () => {
  const model = await load('sealed');
  const ours = new Authority(scratch.path, 'ours');
  const theirs = new Authority(scratch.path, 'theirs');
  const evil = await Valkey.start([], theirs.issue('evil', '127.0.0.1'));
  const good = await Valkey.start([], ours.issue('good', '127.0.0.1'));
  const secure = (server: Valkey, mib: number) => {
    return { ...offer(server, mib), url: `rediss://127.0.0.1:${server.port}` };
  };
  const { place, told } = found([secure(evil, 1000), secure(good, 1)], ours.pair.certificate);
  await place.start();
  await place.park(model);
  assert.deepEqual([(await keys(good)) > 0, await keys(evil)], [true, 0]);
  await place.restore(model);
  assert.deepEqual([place.figures().server, told], [secure(good, 1).url, []]);
  await place.stop();
});
