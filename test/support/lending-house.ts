import assert from 'node:assert/strict';
import type { Redis } from 'iovalkey';
import { freeHugePages, HUGE_PAGE_BYTES, hugePages } from '../../app/memory/huge-pages.ts';
import { Region } from '../../app/memory/region.ts';
import { loadNative } from '../../app/native/library.ts';
import { Companion } from '../../app/parking/companion.ts';
import { Lender, type LendingEvent } from '../../app/parking/lender.ts';
import { LendingServer } from '../../app/parking/lending-server.ts';
import { LentRegion } from '../../app/parking/lent-region.ts';
import { CompanionService } from './companion-service.ts';
import { scratchFolder } from './scratch.ts';
import { until } from './until.ts';
import { Valkey } from './valkey.ts';

export const MIB = 2 ** 20;
/** Of the server. */
export const OWN = 8 * MIB;
/** Of the region. */
export const CAPACITY = 64 * MIB;
/** What `lendAll` leaves of it. */
export const KEPT = 8 * MIB;

export interface LendingHouseOptions {
  patienceMs?: number;
  /** Without a companion. */
  alone?: boolean;
}

/** A region of huge pages that lends to a real server, and the real companion. */
export class LendingHouse {
  readonly region = new Region(loadNative(), {
    capacityBytes: CAPACITY,
    lock: 'off',
    pages: 'hugetlb',
  });
  readonly service = new CompanionService(scratchFolder().path);
  readonly told: LendingEvent[] = [];
  /** What the kernel keeps while nothing is lent. */
  readonly whole = hugePages();
  readonly server: Valkey;
  readonly lender: Lender;
  readonly #free = freeHugePages() - CAPACITY / HUGE_PAGE_BYTES;

  static async open(options: LendingHouseOptions): Promise<LendingHouse> {
    const house = new LendingHouse(
      await Valkey.start(['--maxmemory-policy', 'allkeys-lru']),
      options,
    );
    await house.service.start();
    await house.lender.start();
    await house.region.start();
    return house;
  }

  private constructor(server: Valkey, { patienceMs = 5000, alone = false }: LendingHouseOptions) {
    this.server = server;
    const companion = alone ? null : new Companion(this.service.socket);
    this.lender = new Lender({
      region: new LentRegion({ region: this.region, companion }),
      server: new LendingServer({ ...server.access, timeoutMs: 2000, ownBytes: OWN }),
      ...{ boundBytes: CAPACITY, patienceMs },
      tell: (event) => this.told.push(event),
    });
  }

  get lent(): number {
    return this.region.stats().lent_bytes;
  }

  /** Until there is no more to lend; says how much it was. */
  async lendAll(): Promise<number> {
    await until('all is lent', async () => {
      const before = this.lent;
      await this.lender.step(KEPT);
      return before > 0 && this.lent === before;
    });
    return this.lent;
  }

  /** What the server may hold. */
  async limit(): Promise<number> {
    const read = (client: Redis) => client.config('GET', 'maxmemory');
    return Number(((await this.server.with(read)) as string[])[1]);
  }

  /** What is lent is the system's and the server's to the byte, and none of it lies idle. */
  async expectBooksKept(): Promise<void> {
    const { lent } = this;
    assert.equal(hugePages(), this.whole - lent / HUGE_PAGE_BYTES);
    assert.equal(freeHugePages(), this.#free);
    assert.equal(await this.limit(), OWN + lent);
  }

  /** As the program stops. */
  async close(): Promise<void> {
    await this.region.stop();
    await this.lender.stop();
    await this.service.kill();
    await this.server.kill();
  }
}
