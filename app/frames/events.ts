import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { check, newError } from '../native/call.ts';
import type { Native, Out } from '../native/native.ts';
import type { EventsHandle } from '../native/structs.ts';
import { EVENT_BYTES, NativeEvent } from './native-event.ts';

export interface EventsOptions {
  /** Events that may wait for the event loop. */
  capacity?: number;
}

const DEFAULT_CAPACITY = 1024;
/** Events moved out of the native queue at a time. */
const BATCH = 64;

/** What native threads report, brought to the event loop. */
export class Events {
  /** Called for each event in order; the event is valid until it returns. */
  onEvent: ((event: NativeEvent) => void) | null = null;
  readonly #native: Native;
  readonly #capacity: number;
  readonly #batch = Buffer.alloc(BATCH * EVENT_BYTES);
  readonly #event = new NativeEvent(this.#batch);
  #handle: EventsHandle | null = null;
  #pipe: Socket | null = null;

  constructor(native: Native, options: EventsOptions = {}) {
    this.#native = native;
    this.#capacity = options.capacity ?? DEFAULT_CAPACITY;
  }

  get handle(): EventsHandle {
    if (this.#handle === null) {
      throw new Error('the event queue is not started');
    }
    return this.#handle;
  }

  async start(): Promise<void> {
    if (this.#handle !== null) {
      return;
    }
    const out: Out<EventsHandle> = [null];
    const readFd: Out<number> = [null];
    const error = newError();
    check(this.#native.ep_events_create(this.#capacity, out, readFd, error), error);
    this.#handle = out[0];
    this.#pipe = this.#listen(readFd[0] as number);
  }

  /** Every source and worker must be stopped first. */
  async stop(): Promise<void> {
    const pipe = this.#pipe;
    if (this.#handle === null || pipe === null) {
      return;
    }
    const handle = this.#handle;
    this.#handle = null;
    this.#pipe = null;
    const closed = new Promise<void>((resolve) => pipe.once('close', () => resolve()));
    pipe.destroy();
    await closed;
    this.#native.ep_events_destroy(handle);
  }

  /** Delivers what has been reported until now, without waiting for the pipe. */
  drain(): void {
    let moved: number;
    do {
      if (this.#handle === null) {
        return;
      }
      moved = this.#native.ep_events_drain(this.#handle, this.#batch, BATCH);
      for (let index = 0; index < moved; index += 1) {
        this.onEvent?.(this.#event.select(index));
      }
    } while (moved === BATCH);
  }

  /** The pipe only wakes: what it carries is read into one small buffer and forgotten. */
  #listen(fd: number): Socket {
    const onread: OnReadOpts = {
      buffer: Buffer.alloc(256),
      callback: () => {
        this.drain();
        return true;
      },
    };
    const options: SocketConstructorOpts & { onread: OnReadOpts } = { fd, writable: false, onread };
    const pipe = new Socket(options);
    pipe.on('error', (error) => {
      throw error;
    });
    pipe.resume();
    return pipe;
  }
}
