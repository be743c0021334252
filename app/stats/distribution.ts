/** Upper bounds in milliseconds: a frame at 30 a second has 33, at 60 it has 16. */
export const BOUNDS_MS = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 16, 25, 33, 50, 66, 100, 250, 500, 1000,
] as const;

/** How durations are spread, for whoever adds up devices or takes percentiles over a time of his. */
export interface Distribution {
  /** Of each of `BOUNDS_MS`, durations that were not above it. */
  counts: number[];
  count: number;
  sum_ms: number;
}

export function emptyDistribution(): Distribution {
  return { counts: BOUNDS_MS.map(() => 0), count: 0, sum_ms: 0 };
}
