import koffi from 'koffi';
import { callAsync, check, sharedError } from '../native/call.ts';
import type { Native, Out } from '../native/native.ts';
import {
  type AllocationRecord,
  type Block,
  type PoolHandle,
  type PoolStats,
  structs,
} from '../native/structs.ts';
import type { PoolSnapshot } from '../stats/snapshot.ts';
import type { Region } from './region.ts';

export interface PoolOptions {
  /** Stands in messages about memory. */
  name: string;
  /** What the pool may map at most. */
  quotaBytes: number;
  /** Address space, which bounds later quotas; by default the quota. */
  windowBytes?: number;
  /** Mapped at once; by default the quota. */
  plannedBytes?: number;
  /** 16384, 32768 or 2097152; by default 16384. */
  chunkBytes?: number;
}

/** The pool section of a snapshot from a pool's figures. */
function poolSnapshot(stats: PoolStats): PoolSnapshot {
  return {
    quota_bytes: stats.quota_bytes,
    mapped_bytes: stats.mapped_bytes,
    live_bytes: stats.live_bytes,
    peak_bytes: stats.peak_live_bytes,
    chunk_bytes: stats.chunk_bytes,
    external_fragmentation: stats.external_fragmentation,
    internal_fragmentation: stats.internal_fragmentation,
    utilisation: stats.utilisation,
    runs: stats.runs,
  };
}

/** Reads a pool's figures by its handle. */
export function readPoolStats(native: Native, pool: PoolHandle): PoolStats {
  const stats: Partial<PoolStats> = {};
  native.ep_pool_get_stats(pool, stats);
  return stats as PoolStats;
}

/** One isolated heap inside the region, from `start` to `stop`. */
export class Pool {
  readonly region: Region;
  readonly name: string;
  readonly #options: PoolOptions;
  #handle: PoolHandle | null = null;
  #recordCapacity = 0;

  constructor(region: Region, options: PoolOptions) {
    this.region = region;
    this.name = options.name;
    this.#options = options;
  }

  get handle(): PoolHandle {
    if (this.#handle === null) {
      throw new Error(`the pool of ${this.name} is not started`);
    }
    return this.#handle;
  }

  get started(): boolean {
    return this.#handle !== null;
  }

  async start(): Promise<void> {
    if (this.#handle !== null) {
      return;
    }
    const { name, quotaBytes, windowBytes, plannedBytes, chunkBytes } = this.#options;
    const out: Out<PoolHandle> = [null];
    await callAsync(
      this.#native.ep_pool_create,
      this.region.handle,
      {
        name,
        quota_bytes: quotaBytes,
        window_bytes: windowBytes ?? 0,
        planned_bytes: plannedBytes ?? quotaBytes,
        chunk_bytes: chunkBytes ?? 0,
        reserved: 0,
      },
      out,
    );
    this.#handle = out[0];
  }

  /** Throws EP_E_BUSY while a model, a ring or a thread lives in the pool. */
  async stop(): Promise<void> {
    const handle = this.#handle;
    if (handle === null) {
      return;
    }
    // At once: who looks while another thread destroys the pool must find none.
    this.#handle = null;
    try {
      await callAsync(this.#native.ep_pool_destroy, handle);
    } catch (error) {
      this.#handle = handle;
      throw error;
    }
  }

  /** As `stop`, at once on the calling thread: for those who cannot wait. */
  stopNow(): void {
    if (this.#handle === null) {
      return;
    }
    const error = sharedError();
    check(this.#native.ep_pool_destroy(this.#handle, error), error);
    this.#handle = null;
  }

  /** Maps until at least `mappedBytes` are mapped, in place. */
  async grow(mappedBytes: number): Promise<void> {
    await callAsync(this.#native.ep_pool_grow, this.handle, mappedBytes);
  }

  /** Gives free memory at the end back until about `mappedBytes` are left. */
  async trim(mappedBytes: number): Promise<void> {
    await callAsync(this.#native.ep_pool_trim, this.handle, mappedBytes);
  }

  /** Says where the next allocations go: a bit for each, 0 for the low end of the free memory, 1 for
   *  the high one, as a trial of the same model has told. Advice only. */
  place(ends: Uint8Array): void {
    const error = sharedError();
    check(this.#native.ep_pool_place(this.handle, ends, ends.length * 8, error), error);
  }

  /** Address space, which bounds the quota. */
  get windowBytes(): number {
    return this.#options.windowBytes ?? this.#options.quotaBytes;
  }

  setQuota(quotaBytes: number): void {
    const error = sharedError();
    check(this.#native.ep_pool_set_quota(this.handle, quotaBytes, error), error);
  }

  /** Drops every block; the memory stays mapped. */
  reset(): void {
    const error = sharedError();
    check(this.#native.ep_pool_reset(this.handle, error), error);
  }

  /** Proves every invariant of the heap; throws the first that is broken. */
  check(): void {
    const error = sharedError();
    check(this.#native.ep_pool_check(this.handle, error), error);
  }

  stats(): PoolStats {
    return readPoolStats(this.#native, this.handle);
  }

  snapshot(): PoolSnapshot {
    return poolSnapshot(this.stats());
  }

  /** Every block in order of address. */
  blocks(): Block[] {
    const { ep_pool_blocks } = this.#native;
    return this.#list<Block>(ep_pool_blocks(this.handle, null, 0), structs.ep_block, (room, n) =>
      ep_pool_blocks(this.handle, room, n),
    );
  }

  /** Starts to record every operation, at most `capacity` of them. */
  record(capacity: number): void {
    const error = sharedError();
    check(this.#native.ep_pool_record(this.handle, capacity, error), error);
    this.#recordCapacity = capacity;
  }

  /** What was recorded, and how many operations there were in all: more where some were lost. */
  records(): { records: AllocationRecord[]; made: number } {
    const { ep_pool_records } = this.#native;
    const made = ep_pool_records(this.handle, null, 0);
    const kept = Math.min(made, this.#recordCapacity);
    const records = this.#list<AllocationRecord>(kept, structs.ep_record, (room, n) =>
      ep_pool_records(this.handle, room, n),
    );
    return { records, made };
  }

  get #native(): Native {
    return this.region.native;
  }

  /** Structs that a call writes one behind the other into `room`. */
  #list<T>(
    count: number,
    type: (typeof structs)['ep_block'],
    fill: (room: Uint8Array, capacity: number) => number,
  ): T[] {
    if (count === 0) {
      return [];
    }
    const room = Buffer.alloc(count * type.size);
    const written = Math.min(fill(room, count), count);
    return koffi.decode(room, koffi.array(type, written)) as T[];
  }
}
