/** A pool is its model's peak and this share more. */
const HEADROOM = 0.2;

/** The region's capacity comes in these. */
const REGION_STEP_BYTES = 2 * 1024 * 1024;

/** Size of a model's pool: the peak that a trial load has shown, a fifth more, in whole chunks. */
export function sizePool(peakBytes: number, chunkBytes: number): number {
  return roundUp(Math.ceil(peakBytes * (1 + HEADROOM)), chunkBytes);
}

/** Size of a region in which these pools leave `reserve` (0 to below 1) of it unassigned. */
export function sizeRegion(poolBytes: readonly number[], reserve: number): number {
  const sum = poolBytes.reduce((total, bytes) => total + bytes, 0);
  return roundUp(Math.ceil(sum / (1 - reserve)), REGION_STEP_BYTES);
}

/** Bytes of the region's step that pools take where each has whole huge pages of its own. */
export function inHugePages(poolBytes: readonly number[]): number {
  return poolBytes.reduce((total, bytes) => total + roundUp(bytes, REGION_STEP_BYTES), 0);
}

export function roundUp(bytes: number, step: number): number {
  return Math.ceil(bytes / step) * step;
}
