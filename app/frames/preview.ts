import { callAsync } from '../native/call.ts';
import type { Native } from '../native/native.ts';
import type { Ring } from './ring.ts';

/** Pixels; narrow enough for a phone's connection, wide enough to see what models see. */
const WIDTH = 480;
const HIGHEST = 4096;
const CAPACITY_BYTES = 3 * WIDTH * HIGHEST;
const PERIOD_MS = 200;
/** Somebody looks for so long after the last look. */
const LOOK_MS = 2000;

/** A small JPEG of a source's newest frame, made off the event loop, at most five times a second
 *  and only while somebody looks. */
export class Preview {
  readonly #native: Native;
  #looked = Number.NEGATIVE_INFINITY;
  #made = Number.NEGATIVE_INFINITY;
  #room: Buffer | null = null;
  #picture: Buffer | null = null;
  #busy: Promise<void> | null = null;

  constructor(native: Native) {
    this.#native = native;
  }

  /** The last picture; null where there is none yet. More are made from now on, for a while. */
  look(): Buffer | null {
    this.#looked = performance.now();
    return this.#picture;
  }

  /** A frame that is held for as long as this call takes. `frame` is the `ep_frame`. */
  offer(ring: Ring, slot: number, frame: () => Uint8Array): void {
    const now = performance.now();
    if (now - this.#looked > LOOK_MS) {
      this.#room = null;
      this.#picture = null;
      return;
    }
    if (this.#busy !== null || now - this.#made < PERIOD_MS) return;
    this.#made = now;
    ring.retain(slot);
    this.#busy = this.#make(ring, slot, Buffer.from(frame())).finally(() => {
      ring.release(slot);
      this.#busy = null;
    });
  }

  /** Nothing is held any more. */
  async stop(): Promise<void> {
    this.#looked = Number.NEGATIVE_INFINITY;
    await this.#busy;
  }

  async #make(ring: Ring, slot: number, frame: Uint8Array): Promise<void> {
    const pixels = this.#native.ep_ring_slot(ring.handle, slot);
    if (pixels === null) return;
    this.#room ??= Buffer.alloc(CAPACITY_BYTES);
    const room = this.#room;
    const bytes = new BigUint64Array(1);
    const made = callAsync(
      this.#native.ep_preview,
      ...([pixels, frame, WIDTH, room, room.length, bytes] as const),
    );
    // A frame that gives no picture is no fault of the stream.
    await made.then(
      () => {
        this.#picture = Buffer.from(room.subarray(0, Number(bytes[0])));
      },
      () => undefined,
    );
  }
}
