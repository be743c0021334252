import type { AnalysedModel } from './analyse-model.ts';

/** What must not grow unnoticed. */
export interface BaselineEntry {
  peak_bytes: number;
  /** Mapped before the load. */
  pool_bytes: number;
  quota_bytes: number;
  allocations: number;
  external_fragmentation: number;
}

/** By the model's name. */
export type Baseline = Record<string, BaselineEntry>;

/** A figure may grow by this share. */
const GROWTH = 0.03;
/** External fragmentation may not pass this. */
const FRAGMENTATION = 0.01;

export function baselineEntry({ analysis }: AnalysedModel): BaselineEntry {
  const { peak_bytes, allocations, external_fragmentation, pool } = analysis;
  const { mapped_bytes: pool_bytes, quota_bytes } = pool;
  return { peak_bytes, pool_bytes, quota_bytes, allocations, external_fragmentation };
}

/** A pool comes in chunks, and one of them is more than the share of a small pool. */
const COARSE: readonly string[] = ['pool_bytes', 'quota_bytes'];
const CHUNK_BYTES = 32 * 1024;

/** One line for each figure that has grown too much; none where all is well. */
export function regressions(name: string, was: BaselineEntry, is: BaselineEntry): string[] {
  const found: string[] = [];
  for (const key of ['peak_bytes', 'pool_bytes', 'quota_bytes', 'allocations'] as const) {
    const slack = Math.max(was[key] * GROWTH, COARSE.includes(key) ? CHUNK_BYTES : 0);
    if (is[key] <= was[key] + slack) continue;
    const share = ((is[key] / was[key] - 1) * 100).toFixed(1);
    found.push(`${name}: ${key} grew by ${share} % from ${was[key]} to ${is[key]}`);
  }
  if (is.external_fragmentation > FRAGMENTATION) {
    const [now, before, most] = [
      is.external_fragmentation,
      was.external_fragmentation,
      FRAGMENTATION,
    ].map((share) => `${(share * 100).toFixed(2)} %`);
    found.push(`${name}: external_fragmentation is ${now}, was ${before}, may be ${most}`);
  }
  return found;
}
