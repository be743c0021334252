import type { Pool, PoolOptions } from '../memory/pool.ts';
import { callAsync, check, sharedError } from '../native/call.ts';
import type { Native, Out } from '../native/native.ts';
import { NativeError } from '../native/native-error.ts';
import type { RingHandle } from '../native/structs.ts';

export interface RingOptions {
  slots: number;
  /** The largest frame, as the source's `probe` tells. */
  slotBytes: number;
}

/** Of the source: a picture at full size, that of a still or the background of the pattern. */
const SOURCE_FRAMES = 1;
/** For each slot: its alignment and header, and its share of the rows that workers convert with. */
const PER_SLOT_BYTES = 128 * 1024;
/** The heap's own figures, and the rows of a ring with few slots. */
const FIXED_BYTES = 256 * 1024;

/** Address space of the pool, in quotas: its source may come to give larger frames. */
const WINDOW_QUOTAS = 8;

function roundUp(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}

/** In a region of reserved huge pages a pool takes whole ones, whatever its chunk. */
const HUGE_PAGE_BYTES = 2 * 1024 * 1024;

/** What a pool must hold for such a ring, its source and the workers that read from it. */
function framesPoolBytes(options: RingOptions, chunkBytes: number): number {
  const beside = roundUp(besideSlots(options, chunkBytes), HUGE_PAGE_BYTES);
  return options.slots * roundUp(options.slotBytes, chunkBytes) + beside;
}

/** What the same takes of a region of reserved huge pages, where each slot has whole ones. */
export function framesHugeBytes(options: RingOptions, chunkBytes: number): number {
  return framesPoolBytes(options, Math.max(chunkBytes, HUGE_PAGE_BYTES));
}

/** For the source and the workers: the slots map their own. */
function besideSlots({ slots, slotBytes }: RingOptions, chunkBytes: number): number {
  const bytes = SOURCE_FRAMES * slotBytes + (slots + SOURCE_FRAMES) * PER_SLOT_BYTES + FIXED_BYTES;
  return roundUp(bytes, chunkBytes);
}

const CHUNK_BYTES = 16384;

/** A pool for such a ring, its source and the workers that read from it. */
export function framesPool(
  name: string,
  ring: RingOptions,
  chunkBytes = CHUNK_BYTES,
): PoolOptions & { quotaBytes: number } {
  const quotaBytes = framesPoolBytes(ring, chunkBytes);
  return {
    name,
    quotaBytes,
    windowBytes: quotaBytes * WINDOW_QUOTAS,
    plannedBytes: besideSlots(ring, chunkBytes),
    chunkBytes,
  };
}

/** Slots for frames inside a pool. A held slot is not written to. */
export class Ring {
  readonly pool: Pool;
  readonly #options: RingOptions;
  #handle: RingHandle | null = null;

  constructor(pool: Pool, options: RingOptions) {
    this.pool = pool;
    this.#options = options;
  }

  get handle(): RingHandle {
    if (this.#handle === null) {
      throw new Error('the ring of frames is not started');
    }
    return this.#handle;
  }

  async start(): Promise<void> {
    if (this.#handle !== null) {
      return;
    }
    const { slots, slotBytes } = this.#options;
    const out: Out<RingHandle> = [null];
    await callAsync(this.#native.ep_ring_create, this.pool.handle, slots, slotBytes, out);
    this.#handle = out[0];
  }

  /** Throws EP_E_BUSY while a slot is held. */
  async stop(): Promise<void> {
    if (this.#handle === null) {
      return;
    }
    await callAsync(this.#native.ep_ring_destroy, this.#handle);
    this.#handle = null;
  }

  /** Makes the slots such that frames of so many bytes fit: they grow in place, out of what no pool
   *  has, or give back. Throws where the region has no more; then the former size holds. */
  async fit(bytes: number): Promise<void> {
    const { slots } = this.#options;
    const { chunk_bytes: chunkBytes, quota_bytes: before } = this.pool.stats();
    const quotaBytes = framesPoolBytes({ slots, slotBytes: bytes }, chunkBytes);
    if (quotaBytes > before) this.pool.setQuota(quotaBytes);
    try {
      await callAsync(this.#native.ep_ring_fit, this.handle, bytes);
    } catch (error) {
      this.pool.setQuota(before);
      throw error;
    }
    if (quotaBytes < before)
      await this.#lowerQuota(quotaBytes, besideSlots({ slots, slotBytes: bytes }, chunkBytes));
  }

  /** Where frames of the former size are still in use, the quota stays as it is. */
  async #lowerQuota(quotaBytes: number, restBytes: number): Promise<void> {
    await this.pool.trim(restBytes);
    try {
      this.pool.setQuota(quotaBytes);
    } catch (error) {
      if (!(error instanceof NativeError && error.status === 'EP_E_BUSY')) throw error;
    }
  }

  /** One more holder of a slot that is held. */
  retain(slot: number): void {
    check(this.#native.ep_ring_retain(this.handle, slot), sharedError());
  }

  release(slot: number): void {
    check(this.#native.ep_ring_release(this.handle, slot), sharedError());
  }

  /** Slots held or being filled now. */
  get held(): number {
    return this.#native.ep_ring_held(this.handle);
  }

  get #native(): Native {
    return this.pool.region.native;
  }
}
