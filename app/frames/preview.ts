import { callAsync } from '../native/call.ts';
import type { Native } from '../native/native.ts';
import type { NativeEvent } from './native-event.ts';
import type { Ring } from './ring.ts';

/** A small JPEG of a frame. */
export interface Picture {
  jpeg: Buffer;
  /** Of the frame, at its source. */
  number: number;
  capturedNs: number;
  /** How many models had a turn on the frame. */
  due: number;
}

/** A frame, and how many of the source's models have a turn on it. */
export interface Offer extends Pick<NativeEvent, 'slot' | 'capturedNs'> {
  number: number;
  due: number;
  models: number;
}

/** Pixels; narrow enough for a phone's connection, wide enough to see what models see. */
const WIDTH = 480;
const HIGHEST = 4096;
const CAPACITY_BYTES = 3 * WIDTH * HIGHEST;
const PERIOD_MS = 200;
/** So long a frame is waited for on which every model has a turn, and then one on which any has. */
const PATIENCE_ALL_MS = 300;
const PATIENCE_ANY_MS = 400;
/** Somebody looks for so long after the last look. */
const LOOK_MS = 2000;
/** Answers that come later than so many pictures are not asked about. */
const MOST_KNOWN = 16;

/** Pictures of a source's newest frames, made off the event loop, at most five a second and only
 *  while somebody looks; of frames on which models have a turn, where there are such in time. */
export class Preview {
  readonly #native: Native;
  readonly #chosen: number[] = [];
  #looked = Number.NEGATIVE_INFINITY;
  #made = Number.NEGATIVE_INFINITY;
  #room: Buffer | null = null;
  #picture: Picture | null = null;
  #busy: Promise<void> | null = null;
  #count = 0;

  constructor(native: Native) {
    this.#native = native;
  }

  /** Pictures made since the start. */
  get count(): number {
    return this.#count;
  }

  /** The last picture; null where there is none yet. More are made from now on, for a while. */
  look(): Picture | null {
    this.#looked = performance.now();
    return this.#picture;
  }

  /** Whether a picture is made, or was not long ago, of the frame of that number. */
  shows(number: number): boolean {
    return this.#chosen.includes(number);
  }

  /** A frame that is held for as long as this call takes. `frame` is the `ep_frame`. */
  offer(ring: Ring, offer: Offer, frame: () => Uint8Array): void {
    const now = performance.now();
    if (now - this.#looked > LOOK_MS) {
      this.#room = null;
      this.#picture = null;
      return;
    }
    if (this.#busy !== null || !wanted(offer, now - this.#made)) return;
    this.#made = now;
    this.#chosen.push(offer.number);
    if (this.#chosen.length > MOST_KNOWN) this.#chosen.shift();
    ring.retain(offer.slot);
    this.#busy = this.#make(ring, offer, Buffer.from(frame())).finally(() => {
      ring.release(offer.slot);
      this.#busy = null;
    });
  }

  /** Nothing is held any more. */
  async stop(): Promise<void> {
    this.#looked = Number.NEGATIVE_INFINITY;
    await this.#busy;
  }

  async #make(ring: Ring, offer: Offer, frame: Uint8Array): Promise<void> {
    const pixels = this.#native.ep_ring_slot(ring.handle, offer.slot);
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
        const { number, capturedNs, due } = offer;
        const jpeg = Buffer.from(room.subarray(0, Number(bytes[0])));
        this.#picture = { jpeg, number, capturedNs, due };
        this.#count += 1;
      },
      () => undefined,
    );
  }
}

/** `since`: milliseconds since the last one that was chosen. */
function wanted({ due, models }: Offer, since: number): boolean {
  if (since < PERIOD_MS) return false;
  if (due === models) return true;
  return since >= (due > 0 ? PATIENCE_ALL_MS : PATIENCE_ANY_MS);
}
