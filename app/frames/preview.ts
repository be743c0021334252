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
export interface Offer extends Pick<NativeEvent, 'slot' | 'capturedNs' | 'width' | 'height'> {
  number: number;
  due: number;
  /** Asked only where somebody looks. */
  models: () => number;
}

/** Pixels; narrow enough for a phone's connection, wide enough to see what models see. */
const WIDTH = 480;
const HIGHEST = 4096;
const CAPACITY_BYTES = 3 * WIDTH * HIGHEST;
const PERIOD_MS = 200;
/** So long a frame is waited for on which every model has a turn, and then one on which any has. */
const PATIENCE_ALL_MS = 300;
const PATIENCE_ANY_MS = 400;
/** A source that gives a frame at all gives one in this time. */
const TAKE_MS = 5000;
/** Somebody looks for so long after the last look. */
const LOOK_MS = 2000;
/** Answers that come later than so many pictures are not asked about. */
const MOST_KNOWN = 16;

/** A frame that is held until a picture is made of it. `frame` is the `ep_frame`. */
interface Held {
  ring: Ring;
  offer: Offer;
  frame: Uint8Array;
}

/** Who has asked for one picture. */
interface Asker {
  width: number;
  resolve(picture: Picture): void;
  reject(error: Error): void;
}

/** The most that a JPEG of so many pixels takes (tjBufSize of libjpeg-turbo). */
function mostBytes(width: number, height: number): number {
  const padded = (length: number) => Math.ceil(length / 16) * 16;
  return 3 * padded(width) * padded(height) + 2048;
}

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
  #taken = 0;
  readonly #askers = new Set<Asker>();

  constructor(native: Native) {
    this.#native = native;
  }

  /** Pictures made since the start. */
  get count(): number {
    return this.#count;
  }

  /** Pictures that were taken one by one since the start. */
  get taken(): number {
    return this.#taken;
  }

  /** One picture of the next frame, at most so many pixels wide; throws one line where no frame comes
   *  in time, or none can be made of it. One after the other. */
  take(width: number, patienceMs = TAKE_MS): Promise<Picture> {
    return new Promise((resolve, reject) => {
      const give = <T>(end: (value: T) => void) => {
        return (value: T) => {
          clearTimeout(timer);
          this.#askers.delete(asker);
          end(value);
        };
      };
      const asker = { width, resolve: give(resolve), reject: give(reject) };
      const none = new Error(`no frame has come for ${patienceMs / 1000} s; see edgepool status`);
      const timer = setTimeout(() => asker.reject(none), patienceMs);
      this.#askers.add(asker);
    });
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
    const [asker] = this.#askers;
    if (this.#busy === null && asker !== undefined) {
      this.#hold({ ring, offer, frame: Buffer.from(frame()) }, (held) => this.#give(held, asker));
      return;
    }
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
    this.#hold({ ring, offer, frame: Buffer.from(frame()) }, (held) => this.#show(held));
  }

  /** Nothing is held any more. */
  async stop(): Promise<void> {
    this.#looked = Number.NEGATIVE_INFINITY;
    for (const asker of this.#askers) asker.reject(new Error('the source has stopped'));
    await this.#busy;
  }

  #hold(held: Held, make: (held: Held) => Promise<void>): void {
    const { ring, offer } = held;
    ring.retain(offer.slot);
    this.#busy = make(held).finally(() => {
      ring.release(offer.slot);
      this.#busy = null;
    });
  }

  async #show(held: Held): Promise<void> {
    this.#room ??= Buffer.alloc(CAPACITY_BYTES);
    try {
      this.#picture = await this.#make(held, WIDTH, this.#room);
      this.#count += 1;
    } catch {
      // A frame that gives no picture is no fault of the stream.
    }
  }

  async #give(held: Held, asker: Asker): Promise<void> {
    const { width, height } = held.offer;
    try {
      const picture = await this.#make(held, asker.width, Buffer.alloc(mostBytes(width, height)));
      this.#taken += 1;
      asker.resolve(picture);
    } catch (error) {
      asker.reject(error as Error);
    }
  }

  async #make({ ring, offer, frame }: Held, width: number, room: Buffer): Promise<Picture> {
    const pixels = this.#native.ep_ring_slot(ring.handle, offer.slot);
    if (pixels === null) throw new Error('the frame is gone');
    const bytes = new BigUint64Array(1);
    await callAsync(
      this.#native.ep_preview,
      ...([pixels, frame, width, room, room.length, bytes] as const),
    );
    const { number, capturedNs, due } = offer;
    return { jpeg: Buffer.from(room.subarray(0, Number(bytes[0]))), number, capturedNs, due };
  }
}

/** `since`: milliseconds since the last one that was chosen. */
function wanted({ due, models }: Offer, since: number): boolean {
  if (since < PERIOD_MS) return false;
  if (due === models()) return true;
  return since >= (due > 0 ? PATIENCE_ALL_MS : PATIENCE_ANY_MS);
}
