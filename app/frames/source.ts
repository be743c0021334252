import { callAsync, check, sharedError } from '../native/call.ts';
import type { Native, Out } from '../native/native.ts';
import type { FrameStruct, SourceHandle, SourceOptionsStruct } from '../native/structs.ts';
import type { Box } from '../stats/answer.ts';
import type { Events } from './events.ts';
import { type Placement, placeThread } from './placement.ts';
import type { Ring } from './ring.ts';

export interface FrameSize {
  width: number;
  height: number;
  bytes: number;
}

/** Something that is on a frame. */
export interface TrueShape {
  label: string;
  box: Box;
  /** The share of it that nothing covers. */
  visible: number;
}

const WAY_BYTES = 256;

/** A capture thread that fills a ring at the frame rate. Each kind of source gives its options. */
export abstract class Source {
  /** What the source is, for messages: `pattern 1280x720`, `still cat.jpg`. */
  abstract readonly description: string;
  protected readonly native: Native;
  #handle: SourceHandle | null = null;
  /** As it was when the source stopped: the report of a run is made after that. */
  #lastWay: string | null = null;

  constructor(native: Native) {
    this.native = native;
  }

  protected abstract options(): SourceOptionsStruct;

  /** The largest frame that the source will give. */
  probe(): FrameSize {
    const largest: Partial<FrameStruct> = {};
    const error = sharedError();
    check(this.native.ep_source_probe(this.options(), largest, error), error);
    const { width, height, bytes } = largest as FrameStruct;
    return { width, height, bytes };
  }

  /** Frames a second that it will give: its own, else those that are asked for. */
  rate(): number {
    const fps: Out<number> = [null];
    const error = sharedError();
    check(this.native.ep_source_rate(this.options(), fps, error), error);
    return fps[0] as number;
  }

  /** `tag` comes back in every event of this source. */
  async start(ring: Ring, events: Events, tag = 0): Promise<void> {
    if (this.#handle !== null) {
      return;
    }
    const out: Out<SourceHandle> = [null];
    const { ep_source_start } = this.native;
    const options = { ...this.options(), tag };
    await callAsync(ep_source_start, ring.handle, events.handle, options, out);
    this.#handle = out[0];
  }

  /** Where and how eagerly its thread runs, until it stops. Throws one line where that is refused. */
  place(placement: Placement): void {
    if (this.#handle === null) return;
    const thread = this.native.ep_source_thread(this.#handle);
    try {
      placeThread(this.native, thread, placement);
    } catch (error) {
      throw new Error(`source ${this.description}: ${(error as Error).message}`);
    }
  }

  /** How frames come or came into slots, in a few words; null where there is nothing to say. */
  protected get way(): string | null {
    if (this.#handle === null) return this.#lastWay;
    const text = Buffer.alloc(WAY_BYTES);
    this.native.ep_source_way(this.#handle, text, text.length);
    return text.toString('utf8', 0, text.indexOf(0)) || null;
  }

  /** Slots that the source keeps for itself while it runs. */
  get heldSlots(): number {
    return 0;
  }

  /** Gives frames of another size from the next start on; false where the source cannot. */
  setSize(_width: number, _height: number): boolean {
    return false;
  }

  /** What is to be seen on a frame; null where the source does not know. */
  truth(_number: number): TrueShape[] | null {
    return null;
  }

  /** Ends the capture thread, which may take the time of one frame. */
  async stop(): Promise<void> {
    if (this.#handle === null) {
      return;
    }
    const handle = this.#handle;
    this.#lastWay = this.way;
    this.#handle = null;
    await callAsync(this.native.ep_source_stop, handle);
  }
}
