/** Which frames a model is due on, and by when it is to answer. */
export class Schedule {
  readonly every: number;
  readonly deadlineNs: number;
  readonly #phase: number;

  /**
   * `deadlineMs` null: the time until the model's next turn. Models of the same `every` and
   * different `index` take their turns on different frames, so that they do not all run at once.
   */
  constructor(every: number, index: number, fps: number, deadlineMs: number | null) {
    this.every = every;
    this.deadlineNs = deadlineMs === null ? (every * 1e9) / fps : deadlineMs * 1e6;
    this.#phase = index % every;
  }

  /** `number` counts from 1. */
  isDue(number: number): boolean {
    return (number - 1) % this.every === this.#phase;
  }

  inTime(capturedNs: number, finishedNs: number): boolean {
    return finishedNs - capturedNs <= this.deadlineNs;
  }
}
