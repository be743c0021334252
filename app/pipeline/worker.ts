import type { Events } from '../frames/events.ts';
import { type Placement, placeThread } from '../frames/placement.ts';
import type { Ring } from '../frames/ring.ts';
import type { Model } from '../models/model.ts';
import { callAsync, check, sharedError } from '../native/call.ts';
import type { Native, Out } from '../native/native.ts';
import type { WorkerHandle } from '../native/structs.ts';

/** The kernel shows at most 15 bytes of a thread's name. */
const NAME_BYTES = 15;

/** A native thread that converts frames and runs a model on them. */
export class Worker {
  readonly #native: Native;
  readonly #events: Events;
  readonly #name: string;
  #handle: WorkerHandle | null = null;
  #stopped: Promise<void> = Promise.resolve();

  constructor(native: Native, events: Events, name: string) {
    this.#native = native;
    this.#events = events;
    this.#name = `ep-${name.replace(/[^\x20-\x7e]/g, '_')}`.slice(0, NAME_BYTES);
  }

  async start(): Promise<void> {
    if (this.#handle !== null) {
      return;
    }
    const out: Out<WorkerHandle> = [null];
    await callAsync(this.#native.ep_worker_create, this.#events.handle, this.#name, out);
    this.#handle = out[0];
  }

  /** Waits for the frame in work; a second call waits with the first. */
  async stop(): Promise<void> {
    if (this.#handle !== null) {
      this.#stopped = callAsync(this.#native.ep_worker_destroy, this.#handle);
      this.#handle = null;
    }
    await this.#stopped;
  }

  /** Where and how eagerly its thread runs. Throws one line that names the limit in the way. */
  place(placement: Placement): void {
    if (this.#handle === null) return;
    placeThread(this.#native, this.#native.ep_worker_thread(this.#handle), placement);
  }

  /** Hands a held frame over with its hold; the answer comes as an event with `tag`. */
  submit(model: Model, ring: Ring, frame: Uint8Array, convert: Uint8Array, tag: number): void {
    if (this.#handle === null) {
      throw new Error(`the worker ${this.#name} is not started`);
    }
    const error = sharedError();
    const status = this.#native.ep_worker_submit(
      this.#handle,
      model.handle,
      ring.handle,
      frame,
      convert,
      tag,
      error,
    );
    check(status, error);
  }
}
