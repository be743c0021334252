import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Pool } from '../../app/memory/pool.ts';
import { Region } from '../../app/memory/region.ts';
import { loadNative } from '../../app/native/library.ts';
import { NativeError } from '../../app/native/native-error.ts';

const MIB = 1024 * 1024;
const CHUNK = 16384;
const native = loadNative();
const region = new Region(native, { capacityBytes: 16 * MIB, lock: 'off', pages: 'ordinary' });

before(() => region.start());
after(() => region.stop());

/** Runs with a started pool and leaves none behind. */
async function withPool(
  options: { name?: string; quotaBytes: number; windowBytes?: number; plannedBytes?: number },
  run: (pool: Pool) => Promise<void> | void,
): Promise<void> {
  const pool = new Pool(region, { name: 'test', ...options });
  await pool.start();
  try {
    await run(pool);
  } finally {
    await pool.stop();
  }
}

function allocate(pool: Pool, bytes: number): bigint | null {
  return native.ep_pool_alloc(pool.handle, bytes, 16);
}

test('whoever looks at a pool that is being destroyed finds none', async () => {
  const pool = new Pool(region, { name: 'test', quotaBytes: MIB });
  await pool.start();
  const gone = pool.stop();
  assert.equal(pool.started, false);
  assert.throws(() => pool.stats(), /is not started/);
  assert.throws(() => pool.blocks(), /is not started/);
  await gone;
  assert.equal(region.stats().pools, 0);
});

test('a region and a pool can be started and stopped twice', async () => {
  await region.start();
  await withPool({ quotaBytes: MIB }, async (pool) => {
    const id = pool.stats().id;
    await pool.start();
    assert.equal(pool.stats().id, id);
    await pool.stop();
    await pool.stop();
  });
});

test('the figures of a region add up, and its map shows whose each chunk is', async () => {
  await withPool({ quotaBytes: MIB }, (pool) => {
    const { capacity_bytes, mapped_bytes, reserve_bytes, page_bytes, locked } = region.snapshot();
    assert.equal(capacity_bytes, 16 * MIB);
    assert.equal(mapped_bytes, MIB);
    assert.equal(reserve_bytes, 15 * MIB);
    assert.equal(page_bytes, 4096);
    assert.equal(locked, false);
    const owners = region.map();
    assert.equal(owners.length, (16 * MIB) / CHUNK);
    const { id } = pool.stats();
    assert.equal(owners.filter((owner) => owner === id).length, MIB / CHUNK);
  });
  assert.ok(region.map().every((owner) => owner === 0));
});

test('allocations show in the figures and as blocks, and check proves the heap', async () => {
  await withPool({ quotaBytes: MIB }, (pool) => {
    const first = allocate(pool, 1000);
    const second = allocate(pool, 50_000);
    assert.ok(first !== null && second !== null);
    const stats = pool.stats();
    assert.equal(stats.requested_bytes, 51_000);
    assert.equal(stats.live_blocks, 2);
    assert.equal(pool.blocks().filter((block) => block.used === 1).length, 2);
    pool.check();
    native.ep_pool_free(pool.handle, first);
    native.ep_pool_free(pool.handle, second);
    const snapshot = pool.snapshot();
    assert.equal(snapshot.live_bytes, 0);
    assert.ok(snapshot.peak_bytes >= 51_000);
    assert.equal(snapshot.utilisation, snapshot.peak_bytes / snapshot.mapped_bytes);
    assert.equal(snapshot.chunk_bytes, CHUNK);
  });
});

test('a pool grows inside its quota as it is used, in place, and gives free memory back', async () => {
  await withPool({ quotaBytes: 2 * MIB, plannedBytes: 0 }, async (pool) => {
    assert.ok(pool.stats().mapped_bytes < MIB);
    const block = allocate(pool, MIB);
    assert.ok(block !== null);
    assert.ok(pool.stats().mapped_bytes > MIB);
    native.ep_pool_free(pool.handle, block);
    await pool.trim(4 * CHUNK);
    assert.ok(pool.stats().mapped_bytes <= MIB / 2);
    await pool.grow(2 * MIB);
    assert.equal(pool.stats().mapped_bytes, 2 * MIB);
  });
});

test('a full pool refuses, and a larger quota inside its window lets it go on', async () => {
  await withPool({ quotaBytes: MIB, windowBytes: 4 * MIB }, (pool) => {
    assert.equal(allocate(pool, 2 * MIB), null);
    assert.equal(pool.stats().failures, 1);
    pool.setQuota(4 * MIB);
    assert.ok(allocate(pool, 2 * MIB) !== null);
    pool.reset();
    assert.equal(pool.stats().live_bytes, 0);
  });
});

test('a recording has every operation with its size, and tells how many were lost', async () => {
  await withPool({ quotaBytes: MIB }, (pool) => {
    pool.record(3);
    const blocks = [100, 200].map((bytes) => allocate(pool, bytes));
    for (const block of blocks) {
      native.ep_pool_free(pool.handle, block);
    }
    const { records, made } = pool.records();
    assert.equal(made, 4);
    assert.deepEqual(
      records.map(({ operation, bytes }) => [operation, bytes]),
      [
        [1, 100],
        [1, 200],
        [2, 0],
      ],
    );
  });
});

test('a pool larger than the region is refused with its name and the three figures', async () => {
  const pool = new Pool(region, { name: 'elephant', quotaBytes: 32 * MIB });
  await assert.rejects(pool.start(), (error: unknown) => {
    assert.ok(error instanceof NativeError);
    assert.equal(error.status, 'EP_E_REGION_FULL');
    assert.match(error.message, /elephant/);
    assert.equal(error.requestedBytes, 32 * MIB);
    assert.ok(error.availableBytes > 15 * MIB && error.availableBytes <= 16 * MIB);
    return true;
  });
  assert.equal(region.stats().pools, 0);
});

test('a region larger than the machine is refused with what there is', async () => {
  const huge = new Region(native, { capacityBytes: 2 ** 44, lock: 'off', pages: 'ordinary' });
  await assert.rejects(huge.start(), (error: unknown) => {
    assert.ok(error instanceof NativeError);
    assert.equal(error.status, 'EP_E_NO_MEMORY');
    assert.equal(error.requestedBytes, 2 ** 44);
    assert.ok(error.availableBytes > 0 && error.availableBytes < 2 ** 44);
    return true;
  });
});

test('a region is not given back while a pool is left', async () => {
  await withPool({ quotaBytes: MIB }, async () => {
    await assert.rejects(region.stop(), (error: unknown) => {
      assert.ok(error instanceof NativeError);
      assert.equal(error.status, 'EP_E_BUSY');
      return true;
    });
  });
});

test('what is not started says so', () => {
  const pool = new Pool(region, { name: 'sleeper', quotaBytes: MIB });
  assert.throws(() => pool.stats(), /sleeper is not started/);
});
