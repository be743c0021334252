import type { NativeEvent } from '../frames/native-event.ts';
import type { Distribution } from '../stats/distribution.ts';
import { Histogram } from '../stats/histogram.ts';
import { quantiles } from '../stats/latency.ts';
import { noDrops } from '../stats/registry.ts';
import type { DropReason, ModelSnapshot } from '../stats/snapshot.ts';

type LaneFigures = Pick<
  ModelSnapshot,
  | 'invoke_ms'
  | 'invokes'
  | 'latency_ms'
  | 'conversion_ms'
  | 'deadline_hit_ratio'
  | 'dropped'
  | 'steady_state'
>;

/** Counts what becomes of one model's turns. */
export class LaneTally {
  readonly #invokes = new Histogram();
  readonly #latencies = new Histogram();
  readonly #conversions = new Histogram();
  readonly #dropped = noDrops();
  #due = 0;
  #inTime = 0;
  #covered = 0;
  #minorFaults = 0;

  answer(event: NativeEvent, inTime: boolean): void {
    const { capturedNs, startedNs, convertedNs, finishedNs } = event;
    // The first answer takes what a first time takes.
    if (this.#invokes.count > 0) {
      this.#covered += 1;
      this.#minorFaults += event.minorFaults;
    }
    this.#invokes.record(finishedNs - convertedNs);
    this.#latencies.record(finishedNs - capturedNs);
    this.#conversions.record(convertedNs - startedNs);
    this.#due += 1;
    this.#inTime += inTime ? 1 : 0;
  }

  /** A turn on a frame that the source has lost. */
  miss(): void {
    this.#due += 1;
  }

  drop(reason: DropReason): void {
    this.#due += 1;
    this.#dropped[reason] += 1;
  }

  /** A frame from its worker's hands on: the longest conversion and the longest invoke until now. */
  get slowest_ms(): number {
    return this.#conversions.maxMs + this.#invokes.maxMs;
  }

  /** Of the invokes. */
  distribution(): Distribution {
    return this.#invokes.distribution();
  }

  snapshot(): LaneFigures {
    return {
      invoke_ms: quantiles(this.#invokes),
      invokes: this.#invokes.count,
      latency_ms: quantiles(this.#latencies),
      conversion_ms: quantiles(this.#conversions),
      deadline_hit_ratio: this.#due === 0 ? 1 : this.#inTime / this.#due,
      dropped: { ...this.#dropped },
      steady_state: { frames_covered: this.#covered, minor_faults: this.#minorFaults },
    };
  }
}
