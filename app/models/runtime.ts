import { readPoolStats } from '../memory/pool.ts';
import type { Region } from '../memory/region.ts';
import { callAsync } from '../native/call.ts';
import type { Native, Out } from '../native/native.ts';
import type { PoolStats, RuntimeHandle, RuntimeStats } from '../native/structs.ts';
import { runtimeLibrary } from './runtime-library.ts';

/** Quota of the pool "runtime" where the options name none. */
export const RUNTIME_POOL_BYTES = 8 * 1024 * 1024;

export interface RuntimeOptions {
  /** Shared library with the TensorFlow Lite C API; by default see `runtimeLibrary`. */
  library?: string | null;
  poolQuotaBytes?: number;
}

/** The TensorFlow Lite library, bound to the region's pools. */
export class Runtime {
  readonly region: Region;
  readonly #options: RuntimeOptions;
  #handle: RuntimeHandle | null = null;

  constructor(region: Region, options: RuntimeOptions = {}) {
    this.region = region;
    this.#options = options;
  }

  get native(): Native {
    return this.region.native;
  }

  get handle(): RuntimeHandle {
    if (this.#handle === null) {
      throw new Error('the runtime is not started');
    }
    return this.#handle;
  }

  /** Opens and binds the library and warms it up, on a thread of its own. */
  async start(): Promise<void> {
    if (this.#handle !== null) {
      return;
    }
    const out: Out<RuntimeHandle> = [null];
    const options = {
      library_path: runtimeLibrary(this.#options.library),
      pool_quota_bytes: this.#options.poolQuotaBytes ?? RUNTIME_POOL_BYTES,
    };
    await callAsync(this.native.ep_runtime_open, this.region.handle, options, out);
    this.#handle = out[0];
  }

  /** Throws EP_E_BUSY while a model is left. */
  async stop(): Promise<void> {
    if (this.#handle === null) {
      return;
    }
    await callAsync(this.native.ep_runtime_close, this.#handle);
    this.#handle = null;
  }

  stats(): RuntimeStats {
    const stats: Partial<RuntimeStats> = {};
    this.native.ep_runtime_get_stats(this.handle, stats);
    return stats as RuntimeStats;
  }

  /** Figures of the pool "runtime". */
  poolStats(): PoolStats {
    return readPoolStats(this.native, this.native.ep_runtime_pool(this.handle));
  }
}
