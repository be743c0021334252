/** A region of reserved huge pages lends them, through the kernel's counts and the real companion. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { HUGE_PAGE_BYTES, hugePages } from '../../app/memory/huge-pages.ts';
import { Region } from '../../app/memory/region.ts';
import { loadNative } from '../../app/native/library.ts';
import { keepHugePages, testOnHugePages } from '../support/huge-pages.ts';
import { CAPACITY, KEPT, LendingHouse, MIB, OWN } from '../support/lending-house.ts';
import { Random, seeds } from '../support/random.ts';
import { regionFileBytes } from '../support/region-file.ts';

/** A test of a region that lends, with huge pages for it. */
function testLending(
  name: string,
  how: { patienceMs?: number; alone?: boolean },
  run: (lending: LendingHouse) => Promise<void>,
): void {
  testOnHugePages(name, CAPACITY / HUGE_PAGE_BYTES, async () => {
    const lending = await LendingHouse.open(how);
    try {
      await run(lending);
    } finally {
      await lending.close();
    }
  });
}

/** Smaller ones are lost among what others do. */
const STEP = 8 * MIB;
const PAGE_BYTES = 4096;

/** In the zones, and at hand on each processor, where pages of 2 MiB wait too. */
function freeMemory(): number {
  const zones = readFileSync('/proc/zoneinfo', 'utf8');
  const pages = [...zones.matchAll(/^ +(?:nr_free_pages|count:) +(\d+)$/gm)];
  return pages.reduce((sum, [, count]) => sum + Number(count) * PAGE_BYTES, 0);
}

testLending(
  "huge pages go back and forth 1,000 times, and are always somebody's alone",
  {},
  async (lending) => {
    const { lender, region, told, whole } = lending;
    const [seed = 1] = seeds(1);
    const random = new Random(seed);
    const shares: number[] = [];
    let moves = 0;
    let before = 0;
    for (let round = 0; round < 1000; round += 1) {
      const free = freeMemory();
      await lender.step(KEPT + random.integer(0, 28) * HUGE_PAGE_BYTES);
      const gained = freeMemory() - free;
      const { lent } = lending;
      if (Math.abs(lent - before) > STEP) shares.push(gained / (lent - before));
      await lending.expectBooksKept();
      assert.equal(regionFileBytes(), CAPACITY - lent);
      if (lent !== before) moves += 1;
      before = lent;
    }
    assert.ok(moves > 800, `${moves}`);
    // Others take memory and give it back meanwhile, and each processor keeps some at hand.
    const median = shares.sort((one, other) => one - other)[shares.length >> 1] ?? 0;
    assert.ok(median > 0.9 && median < 1.1, `${median} bytes free for each that is lent`);
    assert.deepEqual([told, lender.figures().failures], [[], 0]);
    assert.equal(region.stats().page_bytes, HUGE_PAGE_BYTES);
    await lender.step(KEPT);
    await lending.close();
    assert.equal(hugePages(), whole, 'the end gives the kernel its pages again');
  },
);

testLending(
  'a take-back that finds its pages with others is told and made later',
  { patienceMs: 100 },
  async (lending) => {
    const { lender, told, whole } = lending;
    await lending.lendAll();
    // Another program takes two more than the kernel has kept.
    assert.ok(keepHugePages(hugePages() + 2));
    const other = new Region(loadNative(), {
      capacityBytes: 4 * MIB,
      lock: 'off',
      pages: 'hugetlb',
    });
    await other.start();
    await lender.step(CAPACITY);
    const [event] = told;
    assert.deepEqual(
      [told.length, event?.kind, event?.missing_bytes],
      [1, 'lending_failed', 4 * MIB],
    );
    assert.match(event?.message ?? '', /2.0 MiB to be taken back, 0.0 MiB of huge pages free/);
    const { lent_bytes, unassigned_bytes } = lending.region.stats();
    assert.deepEqual([lent_bytes, unassigned_bytes], [4 * MIB, CAPACITY - 4 * MIB]);
    assert.equal(await lending.limit(), OWN + 4 * MIB);
    assert.equal(lender.figures().failures, 1);
    await other.stop();
    await lender.step(CAPACITY);
    assert.equal(lending.lent, 0);
    assert.equal(hugePages(), whole);
    await lending.expectBooksKept();
  },
);

testLending(
  'without the companion nothing moves either way, and all of it once it is there',
  { patienceMs: 100 },
  async (lending) => {
    const { lender, service, told } = lending;
    const lent = await lending.lendAll();
    await service.kill();
    await lender.step(CAPACITY);
    assert.equal(lending.lent, lent);
    assert.equal(told[0]?.missing_bytes, lent);
    assert.match(
      told[0]?.message ?? '',
      /^lending, parking.lend.companion .*: nobody answers there/,
    );
    await lending.expectBooksKept();
    await service.start();
    await lender.step(CAPACITY);
    assert.equal(lending.lent, 0);
    await service.kill();
    await lender.step(KEPT);
    assert.deepEqual([lending.lent, told.length, told[1]?.missing_bytes], [0, 2, 0]);
    await lending.expectBooksKept();
  },
);

testLending(
  'where no companion is set nothing is lent, and how to is said',
  { alone: true },
  async (lending) => {
    await lending.lender.step(KEPT);
    assert.equal(lending.lent, 0);
    assert.match(
      lending.told[0]?.message ?? '',
      /; set parking.lend.companion, or region.pages to/,
    );
    await lending.expectBooksKept();
  },
);
