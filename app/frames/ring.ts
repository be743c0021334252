import type { Pool } from '../memory/pool.ts';
import { callAsync, check, sharedError } from '../native/call.ts';
import type { Native, Out } from '../native/native.ts';
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

/** What a pool must hold for such a ring, its source and the workers that read from it. */
export function framesPoolBytes(options: RingOptions): number {
  const frames = options.slots + SOURCE_FRAMES;
  return frames * (options.slotBytes + PER_SLOT_BYTES) + FIXED_BYTES;
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

  /** Makes room for frames of so many bytes; throws where the slots cannot hold them. */
  async fit(bytes: number): Promise<void> {
    const { slotBytes } = this.#options;
    if (bytes <= slotBytes) return;
    throw new Error(`frames of ${bytes} bytes do not fit into slots of ${slotBytes} bytes`);
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
