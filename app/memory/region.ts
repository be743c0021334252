import { callAsync, check, sharedError } from '../native/call.ts';
import { Compression, Lock, Pages } from '../native/constants.ts';
import type { Native, Out } from '../native/native.ts';
import type { RegionHandle, RegionStats } from '../native/structs.ts';
import type { RegionSnapshot } from '../stats/snapshot.ts';

export interface RegionOptions {
  /** Rounded up to 2 MiB. */
  capacityBytes: number;
  lock: keyof typeof Lock;
  pages: keyof typeof Pages;
  /** Mappings that all pools may hold together; 0: 4096. */
  mappingBudget?: number;
  /** Of models that are parked, once they are packed; by default none. */
  compress?: keyof typeof Compression;
}

/** The one fixed block of native memory, from `start` to `stop`. */
export class Region {
  readonly native: Native;
  readonly options: RegionOptions;
  #handle: RegionHandle | null = null;
  #keptPools = 0;

  constructor(native: Native, options: RegionOptions) {
    this.native = native;
    this.options = options;
  }

  get handle(): RegionHandle {
    if (this.#handle === null) {
      throw new Error('the region is not started');
    }
    return this.#handle;
  }

  /** Takes the memory; throws a NativeError that names the limit where it cannot be had whole, or
   *  the library that is to compress and is not there. */
  async start(): Promise<void> {
    if (this.#handle !== null) {
      return;
    }
    const out: Out<RegionHandle> = [null];
    await callAsync(
      this.native.ep_region_create,
      {
        capacity_bytes: this.options.capacityBytes,
        lock: Lock[this.options.lock],
        pages: Pages[this.options.pages],
        mapping_budget: this.options.mappingBudget ?? 0,
        populate_step_bytes: 0,
      },
      out,
    );
    this.#handle = out[0];
    try {
      this.compress(this.options.compress ?? 'none');
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** How models are compressed that are parked from now on, once they are packed. From the first
   *  time on the region keeps EP_COMPRESSION_BYTES for it. Throws EP_E_LIBRARY where there is no such
   *  library, EP_E_REGION_FULL where there is no room. */
  compress(how: keyof typeof Compression): void {
    const error = sharedError();
    check(this.native.ep_region_compress(this.handle, Compression[how], error), error);
  }

  /** From now one more pool stays as long as the process does, and the region with it. */
  keepPool(): void {
    this.#keptPools += 1;
  }

  /** Gives it back, unless a pool stays for good; throws EP_E_BUSY while any other is left. */
  async stop(): Promise<void> {
    if (this.#handle === null) {
      return;
    }
    if (this.#keptPools > 0 && this.stats().pools === this.#keptPools) {
      return;
    }
    await callAsync(this.native.ep_region_destroy, this.#handle);
    this.#handle = null;
  }

  stats(): RegionStats {
    const stats: Partial<RegionStats> = {};
    this.native.ep_region_get_stats(this.handle, stats);
    return stats as RegionStats;
  }

  snapshot(): RegionSnapshot {
    const stats = this.stats();
    return {
      capacity_bytes: stats.capacity_bytes,
      mapped_bytes: stats.mapped_bytes,
      reserve_bytes: stats.unassigned_bytes,
      page_bytes: stats.page_bytes,
      locked: stats.locked === 1,
    };
  }

  /** Gives free extents of 2 MiB back to the system, as far as there are whole ones; `stats` says
   *  how many. Reserved huge pages are then free ones of the kernel. With `takeBack`: one at a
   *  time. */
  lend(bytes: number): Promise<void> {
    return callAsync(this.native.ep_region_lend, this.handle, bytes);
  }

  /** Takes so much of it back, populated and locked; throws EP_E_NO_MEMORY where the system, or the
   *  kernel of free huge pages, has less: what is back by then stays. */
  takeBack(bytes: number): Promise<void> {
    return callAsync(this.native.ep_region_take_back, this.handle, bytes);
  }

  /** The pool that owns each 16 KiB chunk, by id; 0 where it is free, 65535 where it is lent,
   *  EP_OWNER_COMPRESSION where it is kept for compressing. */
  map(): Uint16Array {
    const chunks = this.native.ep_region_map(this.handle, null, 0);
    const owners = new Uint16Array(chunks);
    this.native.ep_region_map(this.handle, owners, chunks);
    return owners;
  }
}
