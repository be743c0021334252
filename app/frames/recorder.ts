import { callAsync, check, sharedError } from '../native/call.ts';
import { RecorderState, type RecorderStateName, Status } from '../native/constants.ts';
import type { Native, Out } from '../native/native.ts';
import type { RecorderHandle, RecorderStats } from '../native/structs.ts';
import type { RecordingSnapshot } from '../stats/snapshot.ts';
import type { Ring } from './ring.ts';

export interface RecorderOptions {
  /** Must not exist yet. */
  file: string;
  /** The file grows no larger. */
  maxBytes: number;
  /** Frames a second, written into the file. */
  fps: number;
}

/** Frames that may wait for the disk: each has a slot of the ring for as long. */
export const RECORDED_FRAMES_WAITING = 8;

function stateName(state: number): RecorderStateName {
  const names = Object.keys(RecorderState) as RecorderStateName[];
  return names.find((name) => RecorderState[name] === state) ?? 'failed';
}

/** Keeps the frames of a ring in a file, from their slots, on a thread of its own. */
export class Recorder {
  readonly #native: Native;
  readonly #options: RecorderOptions;
  readonly #said = new Set<number>();
  #handle: RecorderHandle | null = null;
  #last: RecordingSnapshot;
  #stopped: Promise<void> = Promise.resolve();

  constructor(native: Native, options: RecorderOptions) {
    this.#native = native;
    this.#options = options;
    this.#last = { file: options.file, state: 'on', frames: 0, dropped: 0, bytes: 0 };
  }

  /** A second call does nothing: a recording goes on where its source starts anew. */
  async start(ring: Ring): Promise<void> {
    if (this.#handle !== null) return;
    const { file: path, fps, maxBytes: max_bytes } = this.#options;
    const options = { path, fps, max_bytes, waiting: RECORDED_FRAMES_WAITING, reserved: 0 };
    const out: Out<RecorderHandle> = [null];
    const error = sharedError();
    check(this.#native.ep_recorder_start(ring.handle, options, out, error), error);
    this.#handle = out[0];
  }

  /** Records a held frame, without waiting for the disk. Throws one line where it cannot, once for
   *  each reason; how many were left out is counted. */
  offer(frame: Uint8Array): void {
    if (this.#handle === null) return;
    const error = sharedError();
    const status = this.#native.ep_recorder_offer(this.#handle, frame, error);
    if (status === Status.EP_OK || this.#said.has(status)) return;
    this.#said.add(status);
    check(status, error);
  }

  /** Writes what waits; a second call waits with the first. */
  async stop(): Promise<void> {
    if (this.#handle !== null) {
      const handle = this.#handle;
      this.#handle = null;
      this.#stopped = callAsync(this.#native.ep_recorder_stop, handle).then(() => {
        this.#last = this.#read(handle);
        this.#native.ep_recorder_destroy(handle);
      });
    }
    await this.#stopped;
  }

  snapshot(): RecordingSnapshot {
    if (this.#handle !== null) this.#last = this.#read(this.#handle);
    return this.#last;
  }

  #read(handle: RecorderHandle): RecordingSnapshot {
    const stats: Partial<RecorderStats> = {};
    this.#native.ep_recorder_get_stats(handle, stats);
    const { state, frames, dropped, bytes } = stats as RecorderStats;
    return { file: this.#options.file, state: stateName(state), frames, dropped, bytes };
  }
}
