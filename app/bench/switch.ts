import { availableParallelism } from 'node:os';
import { runtimeLibrary } from '../models/runtime-library.ts';
import { runChild } from '../native/child.ts';
import type { Bench, BenchContext, Findings } from './bench.ts';
import { type Allocator, edgepool, generalAllocators } from './contenders.ts';
import { MemoryLimit } from './memory-limit.ts';
import { modelTitle } from './models.ts';
import { benchProgram } from './program.ts';
import { type BenchTable, OURS } from './result.ts';
import { median, percentile, rowOf, target } from './statistics.ts';

/** Of many sizes, and loaded within some milliseconds, so that thousands of loads take minutes. */
const MODELS = [
  'tiny_int8',
  'shapes',
  'tiny',
  'vww_96_int8',
  'mobilenet_v1_0.25_128_quant',
  'vww_96_float',
  'resnet_cifar_float',
];
const LARGEST = 'mobilenet_v3_small_int8';

export const SWITCHES = { full: 10_000, tiny: 12 } as const;
const SEED = 20260131;
const MIB = 2 ** 20;
/** What a process has beside its models: its program, the runtime, its stacks. */
const PROCESS_BYTES = 64 * MIB;
/** As much memory as our region has: three of the largest model and 30 % reserve. */
const RESIDENT = 3;
const RESERVE = 0.3;

/** Contenders at a time; one where there is one processor. */
const SIDE_BY_SIDE = Math.min(2, availableParallelism());

/** Pools that stay are ours too: what is left when nothing is ever reset. */
const KEEP: Allocator = { id: 'edgepool-keep', title: 'edgepool, no reset', environment: {} };

/** As the program tells it after each switch. */
interface Sample {
  model: number;
  load_ns: number;
  failed: number;
  requested: number;
  held: number;
  rss: number;
  external: number;
  internal: number;
  fits: number;
}

interface Taken {
  samples: Sample[];
  /** A process that was killed for its memory could load nothing of the rest. */
  failed: number;
}

async function take(
  context: BenchContext,
  contender: Allocator,
  files: readonly string[],
  limit: MemoryLimit,
): Promise<Taken> {
  const switches = SWITCHES[context.effort];
  context.tell(`switch: ${contender.title}, ${switches} switches`);
  const pooled = contender.id === OURS || contender.id === KEEP.id;
  const models = await Promise.all(files.map((file) => context.models.words(file, pooled)));
  const how = contender.id === KEEP.id ? 'keep' : 'reset';
  const words = [runtimeLibrary(), how, switches, SEED, ...models.flat()].map(String);
  const [program, inside] = limit.command(benchProgram('edgepool-bench-switch'), words);
  const environment = { ...process.env, ...contender.environment };
  const end = await runChild(program, inside, { environment });
  if (end.status !== 0 && end.signal !== 'SIGKILL') throw new Error(end.errors.trim());
  const lines = end.output.split('\n').filter((line) => line.endsWith('}'));
  const samples = lines.map((line) => JSON.parse(line) as Sample);
  const refused = samples.reduce((sum, { failed }) => sum + failed, 0);
  return { samples, failed: refused + switches - samples.length };
}

/** Two at a time, each with a processor and a memory limit of its own. */
async function takeAll(
  context: BenchContext,
  contenders: readonly Allocator[],
  files: readonly string[],
  limits: readonly MemoryLimit[],
): Promise<Record<string, Taken>> {
  const taken: Record<string, Taken> = {};
  for (let first = 0; first < contenders.length; first += limits.length) {
    const pair = limits.flatMap((limit, at) => {
      const contender = contenders[first + at];
      return contender === undefined ? [] : [{ contender, limit }];
    });
    await Promise.all(
      pair.map(async ({ contender, limit }) => {
        taken[contender.id] = await take(context, contender, files, limit);
      }),
    );
  }
  return taken;
}

/** Each load over the median of its own model's, so that sizes do not count as spread. */
function evenness(samples: readonly Sample[]): number[] {
  const models = [...new Set(samples.map(({ model }) => model))];
  return models.flatMap((model) => {
    const loads = samples.filter((each) => each.model === model).map(({ load_ns }) => load_ns);
    const middle = median(loads);
    return loads.map((load) => load / middle);
  });
}

const idleShare = ({ requested, held }: Sample): number =>
  held === 0 ? 0 : 100 * Math.max(0, 1 - requested / held);

async function run(context: BenchContext): Promise<Findings> {
  const contenders = [edgepool, KEEP, ...generalAllocators()];
  const { models } = context;
  const files = MODELS.flatMap((name) => models.find(name) ?? []);
  files.push(models.named(context.effort === 'tiny' ? 'tiny' : LARGEST));
  const quotas = await Promise.all(files.map(async (file) => (await models.fit(file)).poolBytes));
  const bytes = PROCESS_BYTES + (RESIDENT * Math.max(...quotas)) / (1 - RESERVE);
  const limits = Array.from({ length: SIDE_BY_SIDE }, () => MemoryLimit.of(bytes));
  const limited = limits.every(({ holds }) => holds);
  let taken: Record<string, Taken>;
  try {
    taken = await takeAll(context, contenders, files, limits);
  } finally {
    for (const limit of limits) limit.drop();
  }
  return {
    tables: tablesOf(taken, contenders),
    targets: judge(taken),
    notes: [
      ...NOTES,
      ...(limited ? [] : [UNLIMITED]),
      `Models: ${files.map(modelTitle).join(', ')}.`,
    ],
  };
}

function tablesOf(taken: Readonly<Record<string, Taken>>, all: readonly Allocator[]): BenchTable[] {
  const ours = all.filter(({ id }) => id === OURS || id === KEEP.id);
  const row = (label: string, from: readonly Allocator[], figures: (t: Taken) => number[]) => {
    const entries = from.map(({ id }) => [id, taken[id] ? figures(taken[id]) : []] as const);
    return rowOf(label, Object.fromEntries(entries));
  };
  const of = (t: Taken, figure: (sample: Sample) => number) => t.samples.map(figure);
  const table = (
    id: string,
    title: string,
    unit: string,
    from: readonly Allocator[],
    rows: BenchTable['rows'],
  ): BenchTable => ({
    ...{ id, title, unit, better: 'less', cache: null },
    contenders: from.map(({ id: known, title: name }) => ({ id: known, title: name })),
    rows,
  });
  return [
    table('idle', 'Held from the system and used for nothing', '%', all, [
      row('idle share', all, (t) => of(t, idleShare)),
    ]),
    table('load', 'A load among the switches', 'ms', all, [
      row('load', all, (t) => of(t, ({ load_ns }) => load_ns / 1e6)),
    ]),
    table('even', "A load over the median of its own model's loads", 'times', all, [
      row('load', all, ({ samples }) => evenness(samples)),
    ]),
    table('memory', 'What the allocator holds for the models', 'MB', all, [
      row('held', all, (t) => of(t, ({ held }) => held / 1e6)),
    ]),
    table('failed', 'Loads that failed', 'loads', all, [
      row('failed', all, ({ failed }) => [failed]),
    ]),
    table('fragmentation', 'Inside the pool of the model just loaded', '%', ours, [
      row('external', ours, (t) => of(t, ({ external }) => 100 * external)),
      row('internal, models over 0.4 MB', ours, (t) => of(t, ({ internal }) => 100 * internal)),
    ]),
  ];
}

function judge(taken: Readonly<Record<string, Taken>>): Findings['targets'] {
  const ours = taken[OURS]?.samples ?? [];
  const kept = taken[KEEP.id]?.samples ?? [];
  const worst = (of: readonly Sample[], figure: (sample: Sample) => number) =>
    Math.max(...of.map(figure));
  return [
    target('idle share, median, %', 'at most', 3, median(ours.map(idleShare))),
    target(
      'external fragmentation, worst, with reset, %',
      'at most',
      1,
      100 * worst(ours, (s) => s.external),
    ),
    target(
      'external fragmentation, worst, without, %',
      'at most',
      3,
      100 * worst(kept, (s) => s.external),
    ),
    target(
      'internal fragmentation, worst, models over 0.4 MB, %',
      'at most',
      3,
      100 * worst(ours, (s) => s.internal),
    ),
    target(
      'failed loads',
      'at most',
      0,
      (taken[OURS]?.failed ?? 0) + (taken[KEEP.id]?.failed ?? 0),
    ),
    target(
      'switches after which the largest would fit, share',
      'at least',
      1,
      ours.filter((s) => s.fits === 1).length / ours.length,
    ),
    target(
      "load, p99 over p50, each by its own model's p50",
      'at most',
      2,
      percentile(evenness(ours), 0.99),
    ),
  ];
}

const NOTES = [
  'After each switch, three models being there: what the models asked for and still have, over ' +
    'what is held for it: the mapped chunks of our pools; the anonymous memory of the process ' +
    'beyond that before the first load for the others. Our region itself holds its whole capacity ' +
    'from the start to the end, in which the rest is free for any model.',
  'With reset a model has a pool of its own that goes with it, as in the program; without, three ' +
    'pools stay and the heap is what each unload left.',
  `Random order, the same for all (seed ${SEED}); all in a control group with as much memory as our ` +
    'region has and 64 MiB for the process.',
  `Side by side, as there are processors for it: ${SIDE_BY_SIDE}.`,
];

const UNLIMITED = 'NOT LIMITED: this user may make no control group; run it as root.';

export const switching: Bench = {
  name: 'switch',
  about: 'Thousands of models come and go in random order, three being there at a time.',
  run,
};
