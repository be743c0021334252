import type { Size } from '../models/answers/view.ts';

export interface FrameOptions {
  /** The name of the source that gave it. */
  source: string;
  /** From 1 at each source, going on where the source is started again. */
  number: number;
  /** The source's own number, from 1 at each of its starts. */
  sourceNumber: number;
  slot: number;
  capturedNs: number;
  /** The `ep_frame` for the workers. */
  native: Uint8Array;
  size: Size;
  /** How many models are due on it. */
  due: number;
}

/** One captured frame and the answers that are still out on it. */
export class Frame {
  readonly source: string;
  readonly number: number;
  readonly sourceNumber: number;
  readonly slot: number;
  readonly capturedNs: number;
  readonly native: Uint8Array;
  readonly size: Size;
  #due: number;
  #lost = false;
  #answeredNs: number;

  constructor(options: FrameOptions) {
    this.source = options.source;
    this.number = options.number;
    this.sourceNumber = options.sourceNumber;
    this.slot = options.slot;
    this.capturedNs = options.capturedNs;
    this.native = options.native;
    this.size = options.size;
    this.#due = options.due;
    this.#answeredNs = options.capturedNs;
  }

  /** True once every model that was due has answered: the frame is completed. */
  get completed(): boolean {
    return this.#due === 0 && !this.#lost;
  }

  /** True once a model has answered. */
  get answered(): boolean {
    return this.#answeredNs > this.capturedNs;
  }

  /** When the last answer came; when it was captured, where none has. */
  get answeredNs(): number {
    return this.#answeredNs;
  }

  answer(atNs: number): void {
    this.#due -= 1;
    this.#answeredNs = Math.max(this.#answeredNs, atNs);
  }

  /** A model's turn on the frame was dropped: it will not be completed. */
  lose(): void {
    this.#due -= 1;
    this.#lost = true;
  }
}
