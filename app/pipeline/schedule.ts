/** How often a model takes a turn, and by when it is to answer. */
export interface Turns {
  /** On every n-th frame; where `fps` is null. */
  every: number;
  /** So many turns a second, whatever the camera gives; null: by `every`. */
  fps: number | null;
  /** From capture to answer; null: the time until the model's next turn. */
  deadlineMs: number | null;
}

/** Which frames of one camera a model is due on, and by when it is to answer. */
export class Schedule {
  readonly #turns: Turns;
  readonly #phase: number;
  #nextNs: number | null = null;
  /** The frame that was asked for last. */
  #last: { number: number; capturedNs: number } | null = null;

  /** Models of the same `every` and different `index` take their turns on different frames, so that
   *  they do not all run at once. */
  constructor(turns: Turns, index: number) {
    this.#turns = turns;
    this.#phase = index % turns.every;
  }

  /** Whether the model has a turn on the frame, which is asked once. `number` counts from 1; a
   *  camera that gives fewer frames than `fps` has a turn on each. */
  takes(number: number, capturedNs: number, periodNs: number): boolean {
    const { every, fps } = this.#turns;
    this.#last = { number, capturedNs };
    if (fps === null) return (number - 1) % every === this.#phase;
    this.#nextNs ??= capturedNs;
    // The nearest frame, not the next one: else each turn would slip by up to a frame.
    if (capturedNs + periodNs / 2 <= this.#nextNs) return false;
    const nextNs = this.#nextNs + 1e9 / fps;
    this.#nextNs = nextNs > capturedNs ? nextNs : capturedNs + 1e9 / fps;
    return true;
  }

  /** When the frame of the next turn is captured, with a camera that gives one every `periodNs`;
   *  infinite before the first frame has come. */
  dueNs(periodNs: number): number {
    if (this.#last === null) return Number.POSITIVE_INFINITY;
    const { number, capturedNs } = this.#last;
    if (this.#nextNs !== null) return Math.max(this.#nextNs, capturedNs + periodNs);
    const { every } = this.#turns;
    const since = (number - 1 - this.#phase + every) % every;
    return capturedNs + (every - since) * periodNs;
  }

  /** From capture to answer, with a camera that gives a frame every `periodNs`. */
  deadlineNs(periodNs: number): number {
    const { every, fps, deadlineMs } = this.#turns;
    if (deadlineMs !== null) return deadlineMs * 1e6;
    return fps === null ? every * periodNs : Math.max(1e9 / fps, periodNs);
  }
}
