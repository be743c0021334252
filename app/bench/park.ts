import { runtimeLibrary } from '../models/runtime-library.ts';
import type { Bench, BenchContext, Findings } from './bench.ts';
import { edgepool, glibc } from './contenders.ts';
import { LoadSampler } from './load-sampler.ts';
import { modelTitle } from './models.ts';
import type { NodeTask } from './node-child.ts';
import { NodePrograms } from './node-programs.ts';
import { OUTSIDE, OutsidePlaces, type OutsideTimes, outsideTables } from './park-places.ts';
import { benchProgram, jsonLines } from './program.ts';
import { type BenchTable, OURS, type Target } from './result.ts';
import { median, rowOf, target } from './statistics.ts';

/** As the program tells it after each round. */
interface Round extends Record<Kind, Packed> {
  park_ns: number;
  whole_ns: number;
  away_ns: number;
  copy_ns: number;
}

type Kind = 'packed' | 'lz4' | 'zstd';

interface Packed {
  pack_ns: number;
  restore_ns: number;
  bytes: number;
  moved_bytes: number;
}

const WAYS = [
  { id: OURS, title: 'packed in the region' },
  { id: 'lz4', title: 'packed, lz4' },
  { id: 'zstd', title: 'packed, zstd' },
  { id: 'whole', title: 'nobody needed it' },
  { id: 'away', title: 'from outside the region' },
  ...OUTSIDE,
  { id: 'copy', title: 'bare copy' },
  { id: 'load', title: 'load, edgepool' },
  { id: 'glibc', title: 'load, glibc' },
  { id: 'tfjs', title: 'load, tfjs-tflite-node' },
] as const;

const PLANS = {
  full: { models: ['resnet18', 'mobilenet_v3_large'], rounds: 15, loads: 3, processes: 2 },
  tiny: { models: ['tiny_int8'], rounds: 3, loads: 1, processes: 1 },
} as const;

/** A process loads it first, so that starting the runtime is in no load that is shown. */
const OPENER = 'tiny';
const NS_PER_MS = 1e6;

interface Taken {
  name: string;
  rounds: Round[];
  /** Milliseconds by way. */
  times: Record<string, number[]>;
  outside: OutsideTimes;
}

async function tfjsLoads(
  { models }: BenchContext,
  programs: NodePrograms,
  file: string,
  processes: number,
): Promise<number[]> {
  const files = [models.named(OPENER), file];
  const capacityBytes = await models.regionBytes(files);
  const who = 'tfjs-tflite-node';
  const task: NodeTask = { who, delegate: 'none', files, runs: 1, capacityBytes, fill: false };
  const loads: number[] = [];
  for (let turn = 0; turn < processes; turn += 1) {
    const { load_ms } = await programs.run(task);
    loads.push(load_ms[1] ?? Number.NaN);
  }
  return loads;
}

async function take(
  context: BenchContext,
  programs: NodePrograms,
  places: OutsidePlaces,
  name: string,
): Promise<Taken> {
  const { models, tell, effort } = context;
  const { rounds: count, loads, processes } = PLANS[effort];
  const file = models.named(name);
  tell(`park: ${name}, ${count} times each way`);
  const words = [runtimeLibrary(), count, ...(await models.words(file, true))];
  const rounds = (await jsonLines(benchProgram('edgepool-bench-park'), words)) as Round[];
  const contenders = [edgepool, glibc];
  const many = { runs: processes, later: loads, contenders } as const;
  const wanted = { file, ...many, cache: 'warm', aged: false } as const;
  const samples = await new LoadSampler(context).take(wanted);
  const later = (id: string) =>
    (samples[id] ?? []).flatMap((sample) => sample.later.map(({ total }) => total));
  const ms = (of: (round: Round) => number) => rounds.map((round) => of(round) / NS_PER_MS);
  const outside = await places.take(context, file);
  const times = {
    [OURS]: ms(({ packed }) => packed.restore_ns),
    lz4: ms(({ lz4 }) => lz4.restore_ns),
    zstd: ms(({ zstd }) => zstd.restore_ns),
    whole: ms(({ whole_ns }) => whole_ns),
    away: ms(({ away_ns }) => away_ns),
    disk: outside.disk?.restore_ms ?? [],
    neighbour: outside.neighbour?.restore_ms ?? [],
    copy: ms(({ copy_ns }) => copy_ns),
    load: later(OURS),
    glibc: later('glibc'),
    tfjs: await tfjsLoads(context, programs, file, processes),
  };
  return { name: modelTitle(file), rounds, times, outside };
}

function tablesOf(taken: readonly Taken[]): BenchTable[] {
  const table = (
    id: string,
    title: string,
    unit: string,
    rows: BenchTable['rows'],
  ): BenchTable => ({
    ...{ id, title, unit, better: 'less', cache: null, rows },
    contenders: WAYS.filter(({ id: way }) => rows.some(({ cells }) => way in cells)),
  });
  const parked = (of: (round: Round) => number) =>
    taken.map(({ name, rounds }) => rowOf(name, { [OURS]: rounds.map(of) }));
  const packed = (of: (packed: Packed) => number) =>
    taken.map(({ name, rounds }) => {
      const each = (kind: Kind) => rounds.map((round) => of(round[kind]));
      return rowOf(name, { [OURS]: each('packed'), lz4: each('lz4'), zstd: each('zstd') });
    });
  return [
    table(
      'restore',
      'Until a model that waited is ready',
      'ms',
      taken.map(({ name, times }) => rowOf(name, times)),
    ),
    table(
      'park',
      'Parking an idle model',
      'ms',
      parked((round) => round.park_ns / NS_PER_MS),
    ),
    table(
      'pack',
      'Packing it',
      'ms',
      packed(({ pack_ns }) => pack_ns / NS_PER_MS),
    ),
    ...outsideTables(taken),
    table(
      'live',
      'What it takes while it waits',
      'MB',
      packed(({ bytes }) => bytes / 1e6),
    ),
    table(
      'moved',
      'Of it, moved when it is restored',
      'MB',
      parked((round) => round.packed.moved_bytes / 1e6),
    ),
  ];
}

function judge({ name, times }: Taken): Target[] {
  const of = (way: string) => median(times[way] ?? []);
  const share = (way: string) => of(OURS) / of(way);
  return [
    target(`${name}: packed over a bare copy`, 'at most', 1.5, share('copy')),
    target(`${name}: packed over our load`, 'at most', 0.2, share('load')),
    target(`${name}: packed over tfjs-tflite-node's load`, 'at most', 0.1, share('tfjs')),
    target(`${name}: where nobody needed it, ms`, 'at most', 0.1, of('whole')),
  ];
}

const NOTES = [
  'Packed: what is live lies side by side at the start of its window, the rest had others and was written over; restoring moves back what had moved.',
  'lz4, zstd: the same, and each MiB of it was compressed (`parking.compress`).',
  'From outside the region: all of it was given back and written over; restoring takes chunks, copies all of it in and moves it.',
  'Loads are those after the first of a process, with the file in the page cache.',
  'tfjs-tflite-node: its own interface, without a delegate, which it cannot have.',
];

async function run(context: BenchContext): Promise<Findings> {
  const programs = new NodePrograms();
  const places = await OutsidePlaces.open();
  const taken: Taken[] = [];
  try {
    for (const name of PLANS[context.effort].models) {
      taken.push(await take(context, programs, places, name));
    }
  } finally {
    await places.close();
  }
  const notes = [...NOTES, ...places.notes];
  return { tables: tablesOf(taken), targets: taken.flatMap(judge), notes };
}

export const park: Bench = {
  name: 'park',
  about:
    'A model that is parked is restored in several ways, beside a bare copy of its bytes and ' +
    'beside loads.',
  run,
};
