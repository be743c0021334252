import type { Histogram } from './histogram.ts';
import type { Latency } from './snapshot.ts';

/** The five figures of a latency section. */
export function latency(histogram: Histogram): Latency {
  return {
    p50: histogram.percentileMs(0.5),
    p95: histogram.percentileMs(0.95),
    p99: histogram.percentileMs(0.99),
    p999: histogram.percentileMs(0.999),
    max: histogram.maxMs,
  };
}

/** The two figures of a duration section. */
export function quantiles(histogram: Histogram): { p50: number; p99: number } {
  return { p50: histogram.percentileMs(0.5), p99: histogram.percentileMs(0.99) };
}
