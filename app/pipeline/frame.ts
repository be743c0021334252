import type { Size } from '../models/answers/view.ts';

/** One captured frame and the answers that are still out on it. */
export class Frame {
  readonly number: number;
  readonly slot: number;
  readonly capturedNs: number;
  /** The `ep_frame` for the workers. */
  readonly native: Uint8Array;
  readonly size: Size;
  #due: number;
  #lost = false;
  #answeredNs: number;

  constructor(
    number: number,
    slot: number,
    capturedNs: number,
    native: Uint8Array,
    size: Size,
    due: number,
  ) {
    this.number = number;
    this.slot = slot;
    this.capturedNs = capturedNs;
    this.native = native;
    this.size = size;
    this.#due = due;
    this.#answeredNs = capturedNs;
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
