import type { Events } from '../frames/events.ts';
import type { Ring } from '../frames/ring.ts';
import type { Model } from '../models/model.ts';
import { callAsync, check, sharedError } from '../native/call.ts';
import type { Native, Out } from '../native/native.ts';
import type { WorkerHandle } from '../native/structs.ts';

/** The kernel shows at most 15 bytes of a thread's name. */
const NAME_BYTES = 15;

export interface Placement {
  /** Processors that it may run on; null or empty: wherever it may. */
  cpus: readonly number[] | null;
  /** SCHED_FIFO with this priority, 1 to 99; 0: an ordinary thread. */
  realtime: number;
  /** 0 to 19, of an ordinary thread: a higher one yields to a lower one. */
  nice: number;
}

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
  place({ cpus, realtime, nice }: Placement): void {
    if (this.#handle === null) return;
    const error = sharedError();
    const mask = (cpus ?? []).reduce((sum, cpu) => sum | (1n << BigInt(cpu)), 0n);
    const thread = this.#native.ep_worker_thread(this.#handle);
    check(this.#native.ep_thread_schedule(thread, { cpus: mask, realtime, nice }, error), error);
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
