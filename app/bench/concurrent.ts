import { runtimeLibrary } from '../models/runtime-library.ts';
import type { Bench, BenchContext, Findings } from './bench.ts';
import { edgepool, generalAllocators } from './contenders.ts';
import { modelTitle } from './models.ts';
import { benchProgram, jsonLines } from './program.ts';
import { OURS } from './result.ts';
import { median, rowOf, target } from './statistics.ts';

const MODELS = {
  full: ['shapes', 'mobilenet_v2_int8', 'mobilenet_v3_small'],
  tiny: ['tiny', 'tiny_int8', 'shapes'],
} as const;
/** Processes of each contender, in turn, and rounds in each. */
const RUNS = { full: 10, tiny: 1 } as const;
const ROUNDS = { full: 60, tiny: 4 } as const;
/** The specification's figure for three models at once. */
const MOST_MS = 50;

interface Round {
  one_after_another_ns: number;
  at_once_ns: number;
}

async function run({ effort, models, tell }: BenchContext): Promise<Findings> {
  const contenders = [edgepool, ...generalAllocators()];
  const files = MODELS[effort].map((name) => models.named(name));
  const program = benchProgram('edgepool-bench-concurrent');
  const taken: Record<string, Round[]> = {};
  for (let turn = 0; turn < RUNS[effort]; turn += 1) {
    tell(`concurrent: ${turn + 1} of ${RUNS[effort]}`);
    for (const { id, environment } of contenders) {
      const entries = await Promise.all(files.map((file) => models.words(file, id === OURS)));
      const words = [runtimeLibrary(), ROUNDS[effort], ...entries.flat()];
      const rounds = (await jsonLines(program, words, environment)) as Round[];
      taken[id] = [...(taken[id] ?? []), ...rounds];
    }
  }
  const row = (label: string, key: keyof Round) => {
    const entries = Object.entries(taken).map(([id, rounds]) => [
      id,
      rounds.map((r) => r[key] / 1e6),
    ]);
    return rowOf(label, Object.fromEntries(entries) as Record<string, number[]>);
  };
  const ours = (key: keyof Round) => median((taken[OURS] ?? []).map((round) => round[key] / 1e6));
  const share = ours('at_once_ns') / ours('one_after_another_ns');
  return {
    tables: [
      {
        ...{ id: 'three', title: `One run each of ${files.map(modelTitle).join(', ')}` },
        ...{ unit: 'ms', better: 'less', cache: null },
        contenders: contenders.map(({ id, title }) => ({ id, title })),
        rows: [row('one after another', 'one_after_another_ns'), row('all at once', 'at_once_ns')],
      },
    ],
    targets: [
      target('three models at once, ms', 'at most', MOST_MS, ours('at_once_ns')),
      target('three at once over one after another', 'at most', 1, share),
    ],
    notes: [
      'At once: a thread for each model, all let go at the same moment, until the last is done; one ' +
        'thread of the runtime for each. More models than cores share them.',
    ],
  };
}

export const concurrent: Bench = {
  name: 'concurrent',
  about: 'Three models on one frame: side by side, and one after another.',
  run,
};
