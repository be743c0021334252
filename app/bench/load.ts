import type { Bench, BenchContext, Findings } from './bench.ts';
import { GENERAL_IDS, glibc } from './contenders.ts';
import { type LoadCase, LoadSampler, PARTS, type Sample } from './load-sampler.ts';
import { modelTitle } from './models.ts';
import { type BenchRow, type BenchTable, OURS, type Target } from './result.ts';
import { median, percentile, rowOf, target } from './statistics.ts';

/** The two that the promise is about, and the others that are shown beside them. */
const PROMISED = ['resnet18', 'mobilenet_v3_large'];
const OTHERS = ['mobilenet_v2', 'mobilenet_v2_int8'];

interface Plan {
  promised: readonly string[];
  others: readonly string[];
  firstRuns: number;
  otherRuns: number;
  /** Loads after the first, in so many of the processes. */
  later: number;
  laterRuns: number;
}

const PLANS: Readonly<Record<BenchContext['effort'], Plan>> = {
  full: { promised: PROMISED, others: OTHERS, firstRuns: 50, otherRuns: 3, later: 2, laterRuns: 5 },
  tiny: { promised: ['tiny'], others: [], firstRuns: 2, otherRuns: 1, later: 1, laterRuns: 2 },
};

/** Of the first loads, the other allocators take part in every fifth round. */
const OTHERS_EVERY = 5;

const MOST_OF_GLIBC = 0.5;
const MOST_SPREAD = 0.1;
const MOST_OF_BEST_FIRST = 0.5;
const MOST_OF_BEST_LATER = 0.9;

type Taken = Record<string, Sample[]>;

const totals = (samples: readonly Sample[] | undefined, later: boolean): number[] =>
  (samples ?? []).flatMap((sample) => (later ? sample.later : [sample.first]).map((l) => l.total));

function row(label: string, taken: Taken, later: boolean): BenchRow {
  const entries = Object.entries(taken).map(([id, samples]) => [id, totals(samples, later)]);
  return rowOf(label, Object.fromEntries(entries) as Record<string, number[]>);
}

function share(taken: Taken, others: readonly string[], later: boolean): number | null {
  const medians = others.flatMap((id) => {
    const values = totals(taken[id], later);
    return values.length === 0 ? [] : [median(values)];
  });
  const ours = totals(taken[OURS], later);
  return ours.length === 0 || medians.length === 0 ? null : median(ours) / Math.min(...medians);
}

/** What was promised of a first and of later loads of one model, warm and in a fresh heap. */
function judge(name: string, taken: Taken): Target[] {
  const ours = totals(taken[OURS], false);
  const theirs = totals(taken[glibc.id], false);
  const spread = (percentile(ours, 0.95) - median(ours)) / median(theirs);
  const faults = Math.max(...(taken[OURS] ?? []).map(({ first }) => first.faults));
  const of = (others: readonly string[], later: boolean) => share(taken, others, later);
  return [
    target(`${name}: first load over glibc's`, 'at most', MOST_OF_GLIBC, of([glibc.id], false)),
    target(`${name}: spread (p95 - p50) over glibc's p50`, 'at most', MOST_SPREAD, spread),
    target(`${name}: page faults of the loading thread`, 'at most', 0, faults),
    target(
      `${name}: first load over the best of ${GENERAL_IDS.join(', ')}`,
      'at most',
      MOST_OF_BEST_FIRST,
      of(GENERAL_IDS, false),
    ),
    target(
      `${name}: later loads over the best of ${GENERAL_IDS.join(', ')}`,
      'at most',
      MOST_OF_BEST_LATER,
      of(GENERAL_IDS, true),
    ),
  ];
}

/** One row a part of a first load, for one model. */
function partsTable(name: string, taken: Taken, contenders: BenchTable['contenders']): BenchTable {
  const rows = PARTS.map((part) => {
    const entries = Object.entries(taken).map(([id, samples]) => [
      id,
      samples.map(({ first }) => first[part]),
    ]);
    return rowOf(part, Object.fromEntries(entries) as Record<string, number[]>);
  });
  const title = `The parts of a first load: ${name}`;
  return {
    id: `parts-${name}`,
    title,
    unit: 'ms',
    better: 'less',
    cache: 'warm',
    contenders,
    rows,
  };
}

async function run(context: BenchContext): Promise<Findings> {
  const plan = PLANS[context.effort];
  const sampler = new LoadSampler(context);
  const { contenders } = sampler;
  const targets: Target[] = [];
  const parts: BenchTable[] = [];
  const table = (
    id: string,
    title: string,
    cache: 'warm' | 'cold',
    rows: BenchRow[],
  ): BenchTable => ({ ...{ id, title, unit: 'ms', better: 'less', cache }, contenders, rows });
  const rows = {
    first: [] as BenchRow[],
    later: [] as BenchRow[],
    aged: [] as BenchRow[],
    cold: [] as BenchRow[],
  };
  const idle: string[] = [];
  for (const name of [...plan.promised, ...plan.others]) {
    const file = context.models.named(name);
    const promised = plan.promised.includes(name);
    const take = (runs: number, variant: Partial<LoadCase>) =>
      sampler.take({ file, runs, later: 0, cache: 'warm', aged: false, ...variant });
    const { later, laterRuns } = plan;
    const warm = promised
      ? await take(plan.firstRuns, { later, laterRuns, othersEvery: OTHERS_EVERY })
      : await take(plan.otherRuns, { later });
    rows.first.push(row(modelTitle(file), warm, false));
    rows.later.push(row(modelTitle(file), warm, true));
    if (!promised) continue;
    targets.push(...judge(name, warm));
    parts.push(partsTable(name, warm, contenders));
    const aged = await take(plan.otherRuns, { aged: true });
    rows.aged.push(row(name, aged, false));
    idle.push(...Object.entries(aged).map(([id, samples]) => `${id} ${percent(samples)}`));
    rows.cold.push(row(name, await take(plan.otherRuns, { cache: 'cold' }), false));
  }
  return {
    tables: [
      table('first', 'First load of a fresh process', 'warm', rows.first),
      table('later', 'Later loads of the same process', 'warm', rows.later),
      table('aged', 'First load into a heap of which more than 35 % is idle', 'warm', rows.aged),
      table('cold', 'First load with the file not in the page cache', 'cold', rows.cold),
      ...parts,
    ],
    targets,
    notes: [...NOTES, `Idle share of the aged heap: ${[...new Set(idle)].join(', ')}.`],
  };
}

const percent = (samples: readonly Sample[]): string =>
  `${(median(samples.map(({ idle }) => idle)) * 100).toFixed(0)} %`;

const NOTES = [
  'A load is from the call to ready: mapping the pool, reading the file, check, interpreter, ' +
    'delegate with its packed weights, tensors and the first invoke; one thread.',
  'The others run the same library through the same code, its warm-up before the first load ' +
    'included, with their allocator preloaded. Of the first loads that something was promised of, ' +
    'jemalloc, mimalloc and tcmalloc take part in every fifth round.',
  'Cold: the file was dropped from the page cache with posix_fadvise before each load.',
];

export const load: Bench = {
  name: 'load',
  about: 'How long a model takes to load, in a fresh process for every sample, contenders in turn.',
  run,
};
