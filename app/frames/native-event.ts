import koffi from 'koffi';
import { structs } from '../native/structs.ts';

const EVENT = structs.ep_event;
export const FRAME_BYTES = structs.ep_frame.size;
export const EVENT_BYTES = EVENT.size;

const OFFSET = {
  kind: koffi.offsetof(EVENT, 'kind'),
  status: koffi.offsetof(EVENT, 'status'),
  tag: koffi.offsetof(EVENT, 'tag'),
  frame: koffi.offsetof(EVENT, 'frame'),
  startedNs: koffi.offsetof(EVENT, 'started_ns'),
  convertedNs: koffi.offsetof(EVENT, 'converted_ns'),
  finishedNs: koffi.offsetof(EVENT, 'finished_ns'),
  minorFaults: koffi.offsetof(EVENT, 'minor_faults'),
  bytesCopied: koffi.offsetof(EVENT, 'bytes_copied'),
  message: koffi.offsetof(EVENT, 'message'),
  width: koffi.offsetof(structs.ep_frame, 'width'),
  height: koffi.offsetof(structs.ep_frame, 'height'),
  slot: koffi.offsetof(structs.ep_frame, 'slot'),
  number: koffi.offsetof(structs.ep_frame, 'number'),
  frameBytes: koffi.offsetof(structs.ep_frame, 'bytes'),
  capturedNs: koffi.offsetof(structs.ep_frame, 'captured_ns'),
} as const;

/**
 * One event in the queue's buffer, read where it lies: nothing is made for an event but what its
 * reader keeps. Valid until the listener returns.
 */
export class NativeEvent {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #start = 0;

  constructor(bytes: Uint8Array) {
    // Not a Buffer, whose slices are views: a frame outlives its event.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Turns to the event of this index in the buffer. */
  select(index: number): this {
    this.#start = index * EVENT_BYTES;
    return this;
  }

  get kind(): number {
    return this.#view.getUint32(this.#start + OFFSET.kind, true);
  }
  get status(): number {
    return this.#view.getInt32(this.#start + OFFSET.status, true);
  }
  get tag(): number {
    return this.#uint64(OFFSET.tag);
  }
  get slot(): number {
    return this.#view.getUint32(this.#start + OFFSET.frame + OFFSET.slot, true);
  }
  get width(): number {
    return this.#view.getUint32(this.#start + OFFSET.frame + OFFSET.width, true);
  }
  get height(): number {
    return this.#view.getUint32(this.#start + OFFSET.frame + OFFSET.height, true);
  }
  get frameBytes(): number {
    return this.#uint64(OFFSET.frame + OFFSET.frameBytes);
  }
  get number(): number {
    return this.#uint64(OFFSET.frame + OFFSET.number);
  }
  get capturedNs(): number {
    return this.#uint64(OFFSET.frame + OFFSET.capturedNs);
  }
  get startedNs(): number {
    return this.#uint64(OFFSET.startedNs);
  }
  get convertedNs(): number {
    return this.#uint64(OFFSET.convertedNs);
  }
  get finishedNs(): number {
    return this.#uint64(OFFSET.finishedNs);
  }
  get minorFaults(): number {
    return this.#uint64(OFFSET.minorFaults);
  }
  get bytesCopied(): number {
    return this.#uint64(OFFSET.bytesCopied);
  }
  get message(): string {
    return koffi.decode.string(this.#bytes.subarray(this.#start + OFFSET.message));
  }

  /** A copy of the `ep_frame`, to be handed to a worker. */
  frame(): Uint8Array {
    const start = this.#start + OFFSET.frame;
    return this.#bytes.slice(start, start + FRAME_BYTES);
  }

  /** Numbers below 2^53 without a BigInt: 104 days of nanoseconds are exact. */
  #uint64(offset: number): number {
    const low = this.#view.getUint32(this.#start + offset, true);
    const high = this.#view.getUint32(this.#start + offset + 4, true);
    return high * 2 ** 32 + low;
  }
}
