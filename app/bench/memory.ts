import { statSync } from 'node:fs';
import { RUNTIME_POOL_BYTES } from '../models/runtime.ts';
import type { Bench, BenchContext, Findings } from './bench.ts';
import { MemoryLimit } from './memory-limit.ts';
import { modelTitle } from './models.ts';
import type { NodeTask } from './node-child.ts';
import { NodePrograms } from './node-programs.ts';
import { type BenchTable, OURS } from './result.ts';
import { median, rowOf, target } from './statistics.ts';

const MODELS = {
  full: ['shapes', 'mobilenet_v2_int8', 'resnet18'],
  tiny: ['tiny', 'tiny_int8', 'shapes'],
} as const;
const BIG = { full: 'resnet18', tiny: 'tiny' } as const;
/** The specification's board. */
const GROUP_BYTES = 1.8e9;
const MOST_OF_THEIRS = 0.6;
const MB = 1e6;

const CONTENDERS = [
  { id: OURS, title: 'edgepool', who: 'edgepool', delegate: 'auto' },
  { id: 'edgepool-none', title: 'edgepool, no delegate', who: 'edgepool', delegate: 'none' },
  { id: 'tfjs', title: 'tfjs-tflite-node', who: 'tfjs-tflite-node', delegate: 'none' },
] as const;

type Taken = Record<string, { whole: number[]; added: number[]; left: number[] }>;

async function run(context: BenchContext): Promise<Findings> {
  const { models, effort, tell } = context;
  const files = MODELS[effort].map((name) => models.named(name));
  const big = models.named(BIG[effort]);
  const taken: Taken = Object.fromEntries(
    CONTENDERS.map(({ id }) => [id, { whole: [], added: [], left: [] }]),
  );
  const programs = new NodePrograms();
  const limit = MemoryLimit.of(GROUP_BYTES);
  try {
    for (const { id, title, who, delegate } of CONTENDERS) {
      tell(`memory: ${title}`);
      const of = async (wanted: string[]): Promise<NodeTask> => ({
        ...{ who, delegate, files: wanted, runs: 1, fill: false },
        capacityBytes: await models.regionBytes(wanted),
      });
      const { before_bytes, after_bytes } = await programs.run(await of(files));
      taken[id]?.whole.push(after_bytes / MB);
      taken[id]?.added.push((after_bytes - before_bytes) / MB);
      if (!limit.holds || effort === 'tiny') continue;
      const filled = await programs.run({ ...(await of([big])), fill: true }, limit);
      taken[id]?.left.push((filled.left_mib * 2 ** 20) / MB);
    }
  } finally {
    limit.drop();
  }
  return findings(context, taken, { limited: limit.holds, region: await regionOf(context, files) });
}

/** What edgepool's region is made of, in bytes. */
interface RegionParts {
  capacity: number;
  quotas: number;
  mapped: number;
  /** The models' files, whose bytes are in it as they are. */
  files: number;
}

async function regionOf({ models }: BenchContext, files: readonly string[]): Promise<RegionParts> {
  const fits = await Promise.all(files.map((file) => models.fit(file)));
  const sum = (all: readonly number[]) => all.reduce((total, bytes) => total + bytes, 0);
  return {
    capacity: await models.regionBytes(files),
    quotas: sum(fits.map(({ poolBytes }) => poolBytes)),
    mapped: sum(fits.map(({ mappedBytes }) => mappedBytes)),
    files: sum(files.map((file) => statSync(file).size)),
  };
}

function findings(
  { effort }: BenchContext,
  taken: Taken,
  { limited, region }: { limited: boolean; region: RegionParts },
): Findings {
  const rows = (key: 'whole' | 'added' | 'left', label: string) => {
    const samples = Object.entries(taken).map(([id, of]) => [id, of[key]] as const);
    return rowOf(label, Object.fromEntries(samples), key === 'left' ? 'more' : 'less');
  };
  const table = (
    id: string,
    title: string,
    better: BenchTable['better'],
    of: BenchTable['rows'],
  ): BenchTable => ({
    ...{ id, title, unit: 'MB', better, cache: null },
    contenders: CONTENDERS.map(({ id: known, title: name }) => ({ id: known, title: name })),
    rows: of,
  });
  const names = MODELS[effort].map(modelTitle).join(', ');
  const resident = table('resident', `Resident with ${names}, each run once`, 'less', [
    rows('whole', 'the whole process'),
    rows('added', 'added by the models'),
  ]);
  const left = table('left', `Left for others beside ${BIG[effort]} in 1.8 GB`, 'more', [
    rows('left', 'usable'),
  ]);
  const there = Object.values(taken).some((of) => of.left.length > 0);
  const whole = (id: string) => median(taken[id]?.whole ?? []);
  const share = whole(OURS) / whole('tfjs');
  return {
    tables: there ? [resident, left] : [resident],
    targets: [
      target('whole process over tfjs-tflite-node', 'at most', MOST_OF_THEIRS, share),
      target(
        'whole process without delegate over tfjs-tflite-node',
        'at most',
        MOST_OF_THEIRS,
        whole('edgepool-none') / whole('tfjs'),
      ),
    ],
    notes: [
      'Node with the same few lines around the same interface; proportional set size, in which the ' +
        'region counts whole, used or not.',
      whyMore(region, median(taken[OURS]?.whole ?? []), whole('tfjs')),
      'With its delegate edgepool keeps a second, packed copy of the weights, for speed; ' +
        'tfjs-tflite-node has no delegate of its own.',
      ...(limited ? [] : ['NOT LIMITED: this user may make no control group; run it as root.']),
    ],
  };
}

/** Where the memory is that a process with edgepool has and the other has not. */
function whyMore(region: RegionParts, ours: number, theirs: number): string {
  const mb = (bytes: number) => `${Math.round(bytes / MB)} MB`;
  const { capacity: all, quotas, mapped, files } = region;
  const least = ours - (all - mapped) / MB;
  return (
    `The region's ${mb(all)}: ${mb(mapped)} that the models have mapped, their files' bytes ` +
    `(${mb(files)}) among it; ${mb(quotas - mapped)} of their quotas beyond that; ` +
    `${mb(RUNTIME_POOL_BYTES)} for the runtime; ${mb(all - quotas - RUNTIME_POOL_BYTES)} of reserve. ` +
    `With nothing but what is mapped the process would have ${Math.round(least)} MB, ` +
    `${(least / theirs).toFixed(2)} of theirs.`
  );
}

export const memory: Bench = {
  name: 'memory',
  about: 'What a Node process with three models takes, and what it leaves.',
  run,
};
