const WINDOW_NS = 10e9;
/** From this share of the time spent on moving on, the models get in each other's way. */
const STRAINED = 0.8;
/** Below this one they do not any more. */
const RELAXED = 0.5;

/** Whether models spend their time on being moved. */
export class Strain {
  #beginNs: number | null = null;
  #movedNs = 0;
  #strained = false;

  /** A move took from one time to another. True: from now on too much of the time goes into them. */
  moved(fromNs: number, toNs: number): boolean {
    this.#beginNs ??= fromNs;
    this.#movedNs += toNs - fromNs;
    const elapsedNs = toNs - this.#beginNs;
    if (elapsedNs < WINDOW_NS) return false;
    const share = this.#movedNs / elapsedNs;
    this.#beginNs = null;
    this.#movedNs = 0;
    const before = this.#strained;
    this.#strained = share >= (before ? RELAXED : STRAINED);
    return this.#strained && !before;
  }
}
