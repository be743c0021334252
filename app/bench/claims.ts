import { sizeRegion } from '../models/sizing.ts';
import type { Bench, BenchContext, Findings } from './bench.ts';
import { glibc } from './contenders.ts';
import { type BenchResult, type Cell, OURS, type Target } from './result.ts';
import { rowOf, target } from './statistics.ts';
import { SWITCHES } from './switch.ts';

type Earlier = ReadonlyMap<string, BenchResult>;

/** A figure that the specification gives: a ratio of the traditional way to the pooled one where
 *  machines differ, else the figure itself. */
interface Claim {
  what: string;
  bench: string;
  relation: Target['relation'];
  claimed: number;
  /** Null where the bench did not run or has no such figure. */
  measured(earlier: Earlier, context: BenchContext): number | null | Promise<number | null>;
}

const PROMISED = 'mobilenet_v3_large';
const RESERVE = 0.3;

function cellOf(
  earlier: Earlier,
  [bench, table, row]: readonly [string, string, string],
  contender: string,
): Cell | null {
  const found = earlier.get(bench)?.tables.find(({ id }) => id === table);
  return found?.rows.find(({ label }) => label === row)?.cells[contender] ?? null;
}

const median = (earlier: Earlier, place: readonly [string, string, string], who = OURS) =>
  cellOf(earlier, place, who)?.median ?? null;

/** Theirs over ours. */
function ratio(earlier: Earlier, place: readonly [string, string, string]): number | null {
  return cellOf(earlier, place, glibc.id)?.ratio ?? null;
}

const spread = ({ median: middle, p95 }: Cell): number => p95 - middle;

const scaled = (value: number | null, by: number): number | null =>
  value === null ? null : value * by;

/** In the order and with the figures of the specification. */
const CLAIMS: readonly Claim[] = [
  {
    what: 'mean time of one allocation with its first use: 8.2 to 0.3 us, times',
    ...{ bench: 'alloc', relation: 'at least', claimed: 27.3 },
    measured: (earlier) => ratio(earlier, ['alloc', 'use', 'mean']),
  },
  {
    what: 'memory held for nothing: 35 to 45 % against under 3 %',
    ...{ bench: 'switch', relation: 'at most', claimed: 3 },
    measured: (earlier) => median(earlier, ['switch', 'idle', 'idle share']),
  },
  {
    what: 'spread of the load time (p95 - p50): 200 to 20 ms, times',
    ...{ bench: 'load', relation: 'at least', claimed: 10 },
    measured: (earlier) => {
      const place = ['load', 'first', PROMISED] as const;
      const [theirs, ours] = [glibc.id, OURS].map((who) => cellOf(earlier, place, who));
      return theirs && ours ? spread(theirs) / Math.max(spread(ours), 1e-9) : null;
    },
  },
  {
    what: 'MobileNetV3 load: 128 to 75 ms, times',
    ...{ bench: 'load', relation: 'at least', claimed: 1.71 },
    measured: (earlier) => ratio(earlier, ['load', 'first', PROMISED]),
  },
  {
    what: 'load with over 35 % of the heap idle: 120 to 280 ms, times faster than that',
    ...{ bench: 'load', relation: 'at least', claimed: 1 },
    measured: (earlier) => ratio(earlier, ['load', 'aged', PROMISED]),
  },
  {
    what: 'work that meets its deadline: 62 to 95 %',
    ...{ bench: 'stream', relation: 'at least', claimed: 95 },
    measured: (earlier) => median(earlier, ['stream', 'in-time', 'in time']),
  },
  {
    what: 'live frame rate with inference: 24 to 31 fps, times',
    ...{ bench: 'stream', relation: 'at least', claimed: 31 / 24 },
    measured: (earlier) => {
      const theirs = ratio(earlier, ['stream', 'sustained', 'sustained']);
      return theirs === null || theirs === 0 ? null : 1 / theirs;
    },
  },
  {
    what: 'use of a pool of the model and 20 %: 0.65 to 0.82',
    ...{ bench: 'claims', relation: 'at least', claimed: 0.82 },
    measured: async (_earlier, { models }) => models.use(models.named(PROMISED)),
  },
  {
    what: 'loads that fail, share: 0.18 to 0.005',
    ...{ bench: 'switch', relation: 'at most', claimed: 0.005 },
    measured: (earlier, { effort }) =>
      scaled(median(earlier, ['switch', 'failed', 'failed']), 1 / SWITCHES[effort]),
  },
  {
    what: 'three models loaded at once, ms',
    ...{ bench: 'concurrent', relation: 'at most', claimed: 50 },
    measured: (earlier) => median(earlier, ['concurrent', 'load', 'all at once']),
  },
  {
    what: 'usable beside ResNet-18 in 1.8 GB, GB',
    ...{ bench: 'memory', relation: 'at least', claimed: 1.3 },
    measured: (earlier) => scaled(median(earlier, ['memory', 'left', 'usable']), 1e-3),
  },
  {
    what: 'headroom kept free in the boot-time region, share',
    ...{ bench: 'claims', relation: 'at least', claimed: 0.3 },
    measured: async (_earlier, { models }) => {
      const { poolBytes } = await models.fit(models.named(PROMISED));
      return 1 - poolBytes / sizeRegion([poolBytes], RESERVE);
    },
  },
];

async function run(context: BenchContext): Promise<Findings> {
  const { earlier, effort } = context;
  const wanted = effort === 'tiny' ? CLAIMS.filter(({ bench }) => bench !== 'claims') : CLAIMS;
  const judged = await Promise.all(
    wanted.map(async ({ what, bench, relation, claimed, measured }) => {
      const value = await measured(earlier, context);
      return target(`${what} (edgepool bench ${bench})`, relation, claimed, value);
    }),
  );
  const rows = judged.map(({ what, wanted: claim, measured }) =>
    rowOf(what, { claimed: [claim], [OURS]: measured === null ? [] : [measured] }),
  );
  return {
    tables: [
      {
        ...{ id: 'claims', title: 'What the specification claims, and what was measured' },
        ...{ unit: 'as in the line', better: 'more', cache: null },
        contenders: [
          { id: 'claimed', title: 'claimed' },
          { id: OURS, title: 'measured' },
        ],
        rows,
      },
    ],
    targets: judged,
    notes: [
      'The specification measured other boards: where times are compared it is the ratio that ' +
        'counts, of glibc to edgepool in the same run.',
    ],
  };
}

export const claims: Bench = {
  name: 'claims',
  about: "Every figure of the product's specification beside the one that the benches above found.",
  needs: ['alloc', 'load', 'switch', 'concurrent', 'stream', 'memory', 'node', 'park'],
  run,
};
