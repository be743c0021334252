import type { Box } from '../../stats/answer.ts';

export interface Candidate {
  /** Index of its class. */
  index: number;
  score: number;
  box: Box;
}

/** Intersection over union: 0 for boxes apart, 1 for the same one. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const common = width * height;
  return common / (a.width * a.height + b.width * b.height - common);
}

/** Non-maximum suppression, class by class: greedy, the most certain first, at most `limit`. */
export function suppress(
  candidates: readonly Candidate[],
  most: number,
  limit: number,
): Candidate[] {
  const kept: Candidate[] = [];
  for (const candidate of [...candidates].sort((a, b) => b.score - a.score)) {
    if (kept.length === limit) break;
    const covered = kept.some(
      (each) => each.index === candidate.index && overlap(each.box, candidate.box) > most,
    );
    if (!covered) kept.push(candidate);
  }
  return kept;
}
