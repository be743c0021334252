import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { SnapshotPart } from './registry.ts';
import type { Snapshot } from './snapshot.ts';

const RESOLUTION_MS = 1;

/** How late the event loop runs a timer that is due every millisecond. */
export class EventLoopDelay implements SnapshotPart {
  #histogram: IntervalHistogram | null = null;

  async start(): Promise<void> {
    if (this.#histogram === null) {
      this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      this.#histogram.enable();
    }
  }

  /** The figures stay as they are after it. */
  async stop(): Promise<void> {
    this.#histogram?.disable();
  }

  snapshot(): Pick<Snapshot, 'event_loop_delay_ms'> {
    const histogram = this.#histogram;
    if (histogram === null || histogram.count === 0) {
      return { event_loop_delay_ms: { p99: 0, max: 0 } };
    }
    return {
      event_loop_delay_ms: { p99: late(histogram.percentile(99)), max: late(histogram.max) },
    };
  }
}

/** Node records the whole time between two turns of the timer, its interval included. */
function late(recordedNs: number): number {
  return Math.max(0, recordedNs / 1e6 - RESOLUTION_MS);
}
