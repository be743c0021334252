import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trial } from '../models/trial.ts';
import type { Bench, BenchContext, Findings } from './bench.ts';
import { type Allocator, edgepool, GENERAL_IDS, generalAllocators, glibc } from './contenders.ts';
import { hasValgrind, instructionsTable, MISSING } from './instructions.ts';
import { modelTitle } from './models.ts';
import { benchProgram, jsonLines } from './program.ts';
import { type BenchTable, OURS, type Target } from './result.ts';
import { median, rowOf, target } from './statistics.ts';

const PROGRAM = 'edgepool-bench-alloc';
/** What the program tells of a process, in nanoseconds a call. */
const FIGURES = ['mean', 'p50', 'p99', 'p999', 'worst'] as const;
type Figure = (typeof FIGURES)[number];
type Told = Record<`${Figure}_ns`, number>;

/** The lower bound: a pointer that moves on and gives nothing back. */
const bump: Allocator = { id: 'bump', title: 'bump arena', environment: {} };

interface Plan {
  models: (context: BenchContext) => string[];
  runs: number;
  rounds: number;
  switches: number;
}

const PLANS: Readonly<Record<BenchContext['effort'], Plan>> = {
  full: { models: ({ models }) => models.all(), runs: 10, rounds: 10, switches: 10000 },
  tiny: {
    // An aged heap has three models in it while another is replayed.
    models: ({ models }) => ['tiny', 'tiny_int8', 'tiny', 'tiny_int8'].map((n) => models.named(n)),
    runs: 2,
    rounds: 2,
    switches: 20,
  },
};
/** A large model's few calls are those of a small one of its kind; its memory is not needed. */
const LARGEST_TRACED_BYTES = 16 * 2 ** 20;
const INVOKES = 3;
const MOST_MEAN_NS = 100;

interface State {
  id: string;
  title: string;
  touch: 'call' | 'use';
  aged: boolean;
}
const STATES: readonly State[] = [
  { id: 'fresh', title: 'A call in a fresh heap', touch: 'call', aged: false },
  { id: 'use', title: 'A call and the first use, fresh heap', touch: 'use', aged: false },
  { id: 'aged', title: 'A call in a heap aged by model switches', touch: 'call', aged: true },
];

async function record(files: readonly string[], folder: string): Promise<string[]> {
  const traces: string[] = [];
  for (const [index, file] of files.entries()) {
    const trace = join(folder, `${index}-${modelTitle(file)}`);
    const verdict = await trial({ file, record: { file: trace, invokes: INVOKES } });
    if (!verdict.ok) throw new Error(verdict.message);
    if (verdict.fits[0].mappedBytes <= LARGEST_TRACED_BYTES) traces.push(trace);
  }
  return traces;
}

/** Each contender's figures, one of each a process, contenders in turn. */
async function take(
  state: State,
  plan: Plan,
  contenders: readonly Allocator[],
  traces: readonly string[],
): Promise<Record<string, Told[]>> {
  const taken = Object.fromEntries(contenders.map(({ id }) => [id, [] as Told[]]));
  for (let run = 0; run < plan.runs; run += 1) {
    for (const { id, environment } of contenders) {
      const heap = id === OURS ? 'pool' : id === bump.id ? 'bump' : 'process';
      const switches = state.aged ? plan.switches : 0;
      const words = [heap, state.touch, switches, plan.rounds, run + 1, ...traces];
      const [told] = await jsonLines(benchProgram(PROGRAM), words, environment);
      if (told === undefined) throw new Error(`${PROGRAM}: told nothing`);
      taken[id]?.push(told as Told);
    }
  }
  return taken;
}

const valuesOf = (told: readonly Told[] | undefined, figure: Figure): number[] =>
  (told ?? []).map((one) => one[`${figure}_ns`]);

function tableOf(
  { id, title }: State,
  taken: Record<string, Told[]>,
  contenders: BenchTable['contenders'],
): BenchTable {
  const rows = FIGURES.map((figure) =>
    rowOf(
      figure,
      Object.fromEntries(Object.entries(taken).map(([of, told]) => [of, valuesOf(told, figure)])),
    ),
  );
  return { id, title, unit: 'ns', better: 'less', cache: null, contenders, rows };
}

/** What was promised of calls in an aged heap. */
function judge(taken: Record<string, Told[]>): Target[] {
  const rivals = [glibc.id, ...GENERAL_IDS];
  const best = (figure: Figure, of: (values: number[]) => number): number =>
    Math.min(...rivals.map((id) => of(valuesOf(taken[id], figure))));
  const ours = (figure: Figure) => valuesOf(taken[OURS], figure);
  const least = (values: number[]) => Math.min(...values);
  return [
    target(
      'median over that of the best allocator',
      'at most',
      1,
      median(ours('p50')) / best('p50', median),
    ),
    target(
      'p99.9 over that of the best allocator',
      'at most',
      1,
      median(ours('p999')) / best('p999', median),
    ),
    target(
      'worst (least of the runs) over that of the best',
      'at most',
      1,
      least(ours('worst')) / best('worst', least),
    ),
    target('mean, in ns', 'at most', MOST_MEAN_NS, median(ours('mean'))),
  ];
}

async function run(context: BenchContext): Promise<Findings> {
  const plan = PLANS[context.effort];
  const folder = mkdtempSync(join(tmpdir(), 'edgepool-bench-'));
  try {
    context.tell('alloc: recording the models');
    const traces = await record(plan.models(context), folder);
    const all = [edgepool, ...generalAllocators()];
    const tables: BenchTable[] = [];
    const targets: Target[] = [];
    for (const state of STATES) {
      context.tell(`alloc: ${state.title.toLowerCase()}, ${plan.runs} times`);
      // Nothing is given back to the bump arena: it does not age.
      const contenders = state.aged ? all : [...all, bump];
      const taken = await take(state, plan, contenders, traces);
      tables.push(tableOf(state, taken, contenders));
      if (state.aged) targets.push(...judge(taken));
    }
    const notes = [...NOTES, `Models: ${traces.length} traces.`];
    if (hasValgrind()) {
      context.tell('alloc: instructions, under valgrind');
      const where = { folder, traces };
      tables.push(await instructionsTable(benchProgram(PROGRAM), [...all, bump], where));
    } else {
      notes.push(MISSING);
    }
    return { tables, targets, notes };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const NOTES = [
  'Recorded calls of whole model lives - load, first invoke, three more, unload - replayed one by ' +
    'one, each with the clock around it; what reading the clock takes is taken off. Its step is ' +
    'some 10 ns on this kind of machine.',
  'A figure is the median over fresh processes, contenders in turn; "worst" also shows the ' +
    'scheduler, which is why its target takes the least of the runs.',
  'First use writes to each page that was given, as whoever asked for the memory does: page faults ' +
    'are in these figures, and a pool has none.',
  "Instructions have those of replaying and of reading the clock in them, which the bump arena's " +
    'are little more than.',
  'Aged: ten thousand models were loaded and unloaded in random order before, three there at a time; ' +
    'ours in a pool each, the others in the one heap of the process.',
];

export const alloc: Bench = {
  name: 'alloc',
  about: 'What a call to the allocator takes, on the recorded calls of real models.',
  run,
};
