/** Frames that the period is measured over. */
const WINDOW = 8;
/** A period that differs by less from the wanted one is the wanted one: cameras jitter. */
const JITTER = 0.05;

/** The time between two frames of a camera, as it is now: at night a camera slows down. */
export class PeriodMeter {
  readonly #wantedNs: number;
  readonly #marks: { number: number; ns: number }[] = [];

  constructor(fps: number) {
    this.#wantedNs = 1e9 / fps;
  }

  mark(number: number, capturedNs: number): void {
    this.#marks.push({ number, ns: capturedNs });
    if (this.#marks.length > WINDOW) this.#marks.shift();
  }

  /** What was measured does not hold any more. */
  clear(): void {
    this.#marks.length = 0;
  }

  /** The wanted period until two frames have come. */
  get ns(): number {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    if (first === undefined || last === undefined || first.number === last.number) {
      return this.#wantedNs;
    }
    const measured = (last.ns - first.ns) / (last.number - first.number);
    return Math.abs(measured / this.#wantedNs - 1) < JITTER ? this.#wantedNs : measured;
  }
}
