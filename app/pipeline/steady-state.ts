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
  #baseline: Counts | null = null;
  #end: Counts | null = null;
  #frames = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** A frame has come, and all warm-ups lie behind it. The first one sets the baseline. */
  cover(): void {
    this.#baseline ??= this.#read();
    this.#frames += 1;
  }

  /** Frames have stopped: what threads do while they end is not counted. */
  end(): void {
    this.#end ??= this.#read();
  }

  snapshot(): SteadyStateSnapshot {
    const from = this.#baseline;
    if (from === null) {
      return { frames_covered: 0, minor_faults: 0, foreign_allocations: 0 };
    }
    const to = this.#end ?? this.#read();
    return {
      frames_covered: this.#frames,
      minor_faults: to.minorFaults - from.minorFaults,
      foreign_allocations: to.foreignAllocations - from.foreignAllocations,
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
