import type { Runtime } from '../models/runtime.ts';
import { check, sharedError } from '../native/call.ts';
import type { ThreadStats } from '../native/structs.ts';
import type { SteadyStateSnapshot } from '../stats/snapshot.ts';

interface Counts {
  minorFaults: number;
  foreignAllocations: number;
}

/** Watches what must stay still while frames flow: page faults, allocations outside every pool. */
export class SteadyState {
  readonly #runtime: Runtime;
  /** What was counted before the last pause. */
  #sum: Counts = { minorFaults: 0, foreignAllocations: 0 };
  #baseline: Counts | null = null;
  #frames = 0;
  #pauses = 0;
  #ended = false;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** A frame has come, and all warm-ups lie behind it. The first one sets the baseline. */
  cover(): void {
    if (this.#pauses > 0 || this.#ended) return;
    this.#baseline ??= this.#read();
    this.#frames += 1;
  }

  /** Models come or go; may be called again before it is resumed as often. */
  pause(): void {
    this.#pauses += 1;
    this.#close();
  }

  /** Counting goes on with the next frame that is covered. */
  resume(): void {
    this.#pauses -= 1;
  }

  /** Frames have stopped: what threads do while they end is not counted. */
  end(): void {
    this.#close();
    this.#ended = true;
  }

  snapshot(): SteadyStateSnapshot {
    const { minorFaults, foreignAllocations } = this.#counted();
    return {
      frames_covered: this.#frames,
      minor_faults: minorFaults,
      foreign_allocations: foreignAllocations,
    };
  }

  #close(): void {
    this.#sum = this.#counted();
    this.#baseline = null;
  }

  #counted(): Counts {
    const from = this.#baseline;
    if (from === null) return this.#sum;
    const to = this.#read();
    return {
      minorFaults: this.#sum.minorFaults + to.minorFaults - from.minorFaults,
      foreignAllocations:
        this.#sum.foreignAllocations + to.foreignAllocations - from.foreignAllocations,
    };
  }

  #read(): Counts {
    const threads: Partial<ThreadStats> = {};
    const error = sharedError();
    check(this.#runtime.native.ep_threads_get_stats(threads, error), error);
    return {
      minorFaults: threads.minor_faults ?? 0,
      foreignAllocations: this.#runtime.stats().foreign_allocations,
    };
  }
}
