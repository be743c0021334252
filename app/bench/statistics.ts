import { type BenchRow, type BenchTable, type Cell, OURS, type Target } from './result.ts';

/** The least value that `share` (0 to 1) of the samples do not exceed: the nearest rank. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  const value = sorted[rank - 1];
  if (value === undefined) throw new Error('no samples, no percentile');
  return value;
}

export const median = (samples: readonly number[]): number => percentile(samples, 0.5);

/** The tail lies where a figure is bad: what `share` of the samples are at least as good as. */
function cellOf(
  samples: readonly number[],
  ours: number | null,
  better: BenchTable['better'],
): Cell {
  const middle = median(samples);
  const sign = better === 'less' ? 1 : -1;
  const signed = samples.map((sample) => sign * sample);
  const tail = (share: number) => sign * percentile(signed, share);
  return {
    median: middle,
    p95: tail(0.95),
    p99: tail(0.99),
    worst: tail(1),
    samples: samples.length,
    ratio: ours === null || ours === 0 ? null : middle / ours,
  };
}

/** A row from each contender's samples; one without samples is left out. */
export function rowOf(
  label: string,
  samples: Readonly<Record<string, readonly number[]>>,
  better: BenchTable['better'] = 'less',
): BenchRow {
  const ours = samples[OURS]?.length ? median(samples[OURS]) : null;
  const cells: Record<string, Cell> = {};
  for (const [contender, values] of Object.entries(samples)) {
    if (values.length > 0)
      cells[contender] = cellOf(values, contender === OURS ? null : ours, better);
  }
  return { label, cells };
}

/** Judges a figure against what was wanted; what could not be measured is not reached. */
export function target(
  what: string,
  relation: Target['relation'],
  wanted: number,
  measured: number | null,
): Target {
  const reached =
    measured !== null && (relation === 'at most' ? measured <= wanted : measured >= wanted);
  return { what, relation, wanted, measured, reached };
}
