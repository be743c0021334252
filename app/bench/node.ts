import type { Bench, BenchContext, Findings } from './bench.ts';
import { modelTitle } from './models.ts';
import type { NodeTask } from './node-child.ts';
import { NodePrograms } from './node-programs.ts';
import { type BenchRow, type BenchTable, OURS, type Target } from './result.ts';
import { median, rowOf, target } from './statistics.ts';

/** A process loads it first, so that starting the runtime is in no load that is shown. */
const OPENER = 'tiny';
const TFJS = 'tfjs';

const CONTENDERS = [
  { id: OURS, title: 'edgepool', who: 'edgepool', delegate: 'auto' },
  { id: 'edgepool-none', title: 'edgepool, no delegate', who: 'edgepool', delegate: 'none' },
  { id: TFJS, title: 'tfjs-tflite-node', who: 'tfjs-tflite-node', delegate: 'none' },
] as const;

interface Plan {
  /** What is promised: a load, a run, or both, at most this share of theirs. */
  promised: Readonly<Record<string, { load?: number; run?: number }>>;
  processes: number;
  otherProcesses: number;
  runs: number;
  others: (context: BenchContext) => readonly string[];
}

const PLANS: Readonly<Record<BenchContext['effort'], Plan>> = {
  full: {
    promised: {
      resnet18: { load: 0.33, run: 0.3 },
      'tf2_mobilenet_v2_1.0_224_ptq': { run: 0.3 },
    },
    processes: 5,
    otherProcesses: 1,
    runs: 5,
    others: ({ models }) => models.all(),
  },
  tiny: { promised: { tiny_int8: {} }, processes: 1, otherProcesses: 1, runs: 2, others: () => [] },
};

/** Milliseconds by contender; a run's is the median of its process. */
interface Taken {
  load: Record<string, number[]>;
  ready: Record<string, number[]>;
  run: Record<string, number[]>;
}

async function take(
  { models, tell }: BenchContext,
  programs: NodePrograms,
  file: string,
  { processes, runs }: { processes: number; runs: number },
): Promise<Taken> {
  tell(`node: ${modelTitle(file)}, ${processes} times`);
  const files = [models.named(OPENER), file];
  const capacityBytes = await models.regionBytes(files);
  const taken: Taken = { load: {}, ready: {}, run: {} };
  for (let turn = 0; turn < processes; turn += 1) {
    for (const { id, who, delegate } of CONTENDERS) {
      const task: NodeTask = { who, delegate, files, runs, capacityBytes, fill: false };
      const { load_ms, first_ms, run_ms } = await programs.run(task);
      const [load = Number.NaN, first = Number.NaN] = [load_ms[1], first_ms[1]];
      const add = (to: Record<string, number[]>, ms: number) => {
        to[id] = [...(to[id] ?? []), ms];
      };
      add(taken.load, load);
      add(taken.ready, load + first);
      add(taken.run, median(run_ms[1] ?? []));
    }
  }
  return taken;
}

function judge(name: string, taken: Taken, wanted: { load?: number; run?: number }): Target[] {
  const share = (of: Record<string, number[]>) => median(of[OURS] ?? []) / median(of[TFJS] ?? []);
  const { load, run } = wanted;
  return [
    ...(load === undefined
      ? []
      : [target(`${name}: load over tfjs-tflite-node's`, 'at most', load, share(taken.load))]),
    ...(run === undefined
      ? []
      : [target(`${name}: a run over tfjs-tflite-node's`, 'at most', run, share(taken.run))]),
  ];
}

const table = (id: string, title: string, rows: BenchRow[]): BenchTable => ({
  ...{ id, title, unit: 'ms', better: 'less', cache: 'warm', rows },
  contenders: CONTENDERS.map(({ id: known, title: name }) => ({ id: known, title: name })),
});

async function run(context: BenchContext): Promise<Findings> {
  const { promised, processes, otherProcesses, runs, others } = PLANS[context.effort];
  const programs = new NodePrograms();
  const targets: Target[] = [];
  const rows = { load: [] as BenchRow[], ready: [] as BenchRow[], run: [] as BenchRow[] };
  const notes = [...NOTES];
  const measure = async (file: string, times: number): Promise<Taken> => {
    const taken = await take(context, programs, file, { processes: times, runs });
    for (const key of ['load', 'ready', 'run'] as const) {
      rows[key].push(rowOf(modelTitle(file), taken[key]));
    }
    return taken;
  };
  for (const [name, wanted] of Object.entries(promised)) {
    const file = context.models.find(name);
    if (file === null) notes.push(`NOT MEASURED: ${name} is in no folder of models.`);
    else targets.push(...judge(name, await measure(file, processes), wanted));
  }
  for (const file of others(context)) {
    if (modelTitle(file) in promised || modelTitle(file) === OPENER) continue;
    await measure(file, otherProcesses);
  }
  return {
    tables: [
      table('load', 'From the call to the model', rows.load),
      table('ready', 'From the call to the first answer', rows.ready),
      table('run', 'A later run, from tensor to tensor', rows.run),
    ],
    targets,
    notes,
  };
}

const NOTES = [
  'The same few lines of Node around the interface that both have, one thread each, a fresh process ' +
    `for each sample; ${OPENER} is loaded before, so that no load has the runtime's start in it. A ` +
    'run is the median of its process.',
  "edgepool's load has the model's first run in it and packs its weights; that of " +
    'tfjs-tflite-node has neither.',
  'tfjs-tflite-node as its README uses it runs without a delegate: the column without one has the ' +
    'same setting.',
];

export const node: Bench = {
  name: 'node',
  about: 'Loading and running a model from Node, beside the package that has the same interface.',
  run,
};
