import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Redis } from 'iovalkey';
import { Lender, type LendingEvent } from '../../app/parking/lender.ts';
import { LendingServer, type LendingServerOptions } from '../../app/parking/lending-server.ts';
import { LentRegion } from '../../app/parking/lent-region.ts';
import { documentedRights } from '../support/access-list.ts';
import { House, MIB } from '../support/house.ts';
import { Random, seeds } from '../support/random.ts';
import { regionFileBytes } from '../support/region-file.ts';
import { until } from '../support/until.ts';
import { Valkey } from '../support/valkey.ts';

const OWN = 8 * MIB;
const CAPACITY = 48 * MIB;
/** Of them, the runtime has some. */
const KEPT = 8 * MIB;
const USER = documentedRights('lender', 'right');
const house = new House(CAPACITY / MIB);
const { region } = house;
const words = ['--maxmemory-policy', 'allkeys-lru', ...USER];
const server = await Valkey.start(words);

before(() => house.start());
afterEach(async () => {
  await region.takeBack(CAPACITY);
  await server.with(async (client) => {
    await client.flushall();
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
  });
});
after(() => house.stop());

const limitOf = async (client: Redis) =>
  Number(((await client.config('GET', 'maxmemory')) as string[])[1]);
const limit = () => server.with(limitOf);

function lender(more: Partial<LendingServerOptions & { patienceMs: number }> = {}) {
  const told: LendingEvent[] = [];
  const { patienceMs = 5000, ...access } = more;
  const url = `redis://127.0.0.1:${server.port}`;
  const known = { url, username: 'lender', password: 'right', ca: null };
  const link = new LendingServer({ ...known, ownBytes: OWN, timeoutMs: 2000, ...access });
  const tell = (event: LendingEvent) => told.push(event);
  const lent = new LentRegion({ region, companion: null });
  return {
    link,
    told,
    all: { region: lent, server: link, boundBytes: CAPACITY, patienceMs, tell },
  };
}

/** The server is full, of what it may drop. */
const fillServer = () =>
  server.with(async (client) => {
    const value = Buffer.alloc(MIB);
    for (let number = 0; number < CAPACITY / MIB; number += 1) {
      await client.set(`block ${number}`, value);
    }
  });

test('memory goes back and forth 1,000 times, and region and server never have more than together', async () => {
  const { link, told, all } = lender();
  const watch = new Redis({ port: server.port, host: '127.0.0.1' });
  let most = 0;
  const look = async (moreBytes: number) => {
    most = Math.max(most, regionFileBytes() + moreBytes + (await limitOf(watch)));
  };
  /** Looked at before the region takes memory, as if it had it, and when the server may use more. */
  const guarded = new Lender({
    ...all,
    region: new LentRegion({
      companion: null,
      region: {
        options: region.options,
        stats: () => region.stats(),
        lend: (bytes) => region.lend(bytes),
        takeBack: async (bytes) => {
          await look(bytes);
          await region.takeBack(bytes);
        },
      },
    }),
    server: {
      start: () => link.start(),
      stop: () => link.stop(),
      check: () => link.check(),
      get usedBytes() {
        return link.usedBytes;
      },
      giveUp: (bytes) => link.giveUp(bytes),
      limitBytes: (bytes) => link.limitBytes(bytes),
      allow: async (bytes) => {
        await link.allow(bytes);
        await look(0);
      },
    },
  });
  await guarded.start();
  const [seed = 1] = seeds(1);
  const random = new Random(seed);
  let moves = 0;
  let before = region.stats().lent_bytes;
  for (let round = 0; round < 1000; round += 1) {
    if (round % 50 === 0) await fillServer();
    await guarded.step(KEPT + random.integer(0, 15) * 2 * MIB);
    const { lent_bytes } = region.stats();
    assert.equal(regionFileBytes(), CAPACITY - lent_bytes);
    assert.equal(await limitOf(watch), OWN + lent_bytes);
    if (lent_bytes !== before) moves += 1;
    before = lent_bytes;
  }
  watch.disconnect();
  await guarded.stop();
  assert.ok(moves > 800, `${moves}`);
  assert.ok(most <= CAPACITY + OWN, `${most}`);
  assert.deepEqual([told, guarded.figures().failures], [[], 0]);
});

test('what our own models need comes back, for as long as they take to start nothing is lent', async () => {
  const { all, told } = lender();
  const lends = new Lender(all);
  await lends.start();
  await until('all is lent', async () => {
    await lends.step(0);
    return region.stats().unassigned_bytes < 2 * MIB;
  });
  await fillServer();
  await lends.hold();
  await lends.makeRoom(11 * MIB);
  const { unassigned_bytes, lent_bytes } = region.stats();
  assert.ok(unassigned_bytes >= 11 * MIB && unassigned_bytes < 14 * MIB);
  await lends.step(0);
  assert.equal(region.stats().lent_bytes, lent_bytes);
  lends.release();
  await lends.step(0);
  assert.ok(region.stats().lent_bytes > lent_bytes);
  await lends.stop();
  assert.equal(await limit(), OWN);
  assert.deepEqual(told, []);
});

test('a server that keeps what it has is lent nothing more, and taking back from it is told', async () => {
  const { all, told } = lender({ patienceMs: 100 });
  const lends = new Lender(all);
  await lends.start();
  await lends.step(KEPT);
  const { lent_bytes } = region.stats();
  assert.ok(lent_bytes > 0);
  await fillServer();
  await server.with((client) => client.config('SET', 'maxmemory-policy', 'noeviction'));
  await lends.step(CAPACITY);
  assert.equal(region.stats().lent_bytes, lent_bytes);
  assert.equal(await limit(), OWN + lent_bytes);
  const [event] = told;
  assert.deepEqual([event?.kind, event?.missing_bytes], ['lending_failed', lent_bytes]);
  assert.match(event?.message ?? '', /^lending, redis:.*: it still holds \d+ bytes and is to hold/);
  await lends.step(KEPT);
  assert.equal(told.length, 1, 'told once');
  await server.with((client) => client.config('SET', 'maxmemory-policy', 'allkeys-lru'));
  await lends.step(CAPACITY);
  assert.deepEqual([region.stats().lent_bytes, await limit()], [0, OWN]);
  await server.with((client) => client.config('SET', 'maxmemory-policy', 'noeviction'));
  await lends.step(KEPT);
  assert.match(told[1]?.message ?? '', /maxmemory-policy is noeviction.*set it to/);
  assert.equal(told[1]?.missing_bytes, 0);
  assert.deepEqual([region.stats().lent_bytes, lends.figures().failures], [0, 3]);
  await lends.stop();
});

test('what a server has that says nothing stays lent; one that is gone has nothing', async () => {
  const { all, told } = lender({ patienceMs: 100, timeoutMs: 300 });
  const lends = new Lender(all);
  await lends.start();
  await lends.step(KEPT);
  const { lent_bytes } = region.stats();
  assert.ok(Number(lends.figures().server_used_bytes) > 0);
  server.cut();
  await lends.step(CAPACITY);
  assert.equal(lends.figures().server_used_bytes, null);
  assert.equal(region.stats().lent_bytes, lent_bytes);
  assert.match(told[0]?.message ?? '', /timed out|timeout/i);
  server.mend();
  await lends.step(KEPT);
  await server.kill();
  await lends.step(CAPACITY);
  assert.deepEqual([region.stats().lent_bytes, told.length], [0, 1]);
  await server.start();
  await lends.step(KEPT);
  assert.equal(await limit(), OWN + region.stats().lent_bytes);
  await lends.stop();
});

test('what an earlier program had lent is taken from the server before the region is there', async () => {
  await server.with((client) => client.config('SET', 'maxmemory', `${CAPACITY}`));
  await fillServer();
  const { all } = lender();
  const lends = new Lender(all);
  await lends.start();
  assert.equal(await limit(), OWN);
  const used = await server.with((client) => client.info('memory'));
  assert.ok(Number(/used_memory:(\d+)/.exec(used)?.[1]) <= OWN + MIB);
  await lends.stop();
});

test('a user who may not set the limit is told so', async () => {
  const { all, told } = lender({ patienceMs: 50, password: 'wrong' });
  const lends = new Lender(all);
  await lends.start();
  assert.match(told[0]?.message ?? '', /^lending, redis:.*WRONGPASS/);
  await lends.stop();
});
