import { runtimeLibrary } from '../models/runtime-library.ts';
import type { Bench, BenchContext, Findings } from './bench.ts';
import { edgepool, generalAllocators } from './contenders.ts';
import { modelTitle } from './models.ts';
import { benchProgram, jsonLines } from './program.ts';
import { type BenchTable, OURS } from './result.ts';
import { median, rowOf, target } from './statistics.ts';

const MODELS = {
  full: ['shapes', 'mobilenet_v2_int8', 'mobilenet_v3_small'],
  tiny: ['tiny', 'tiny_int8', 'shapes'],
} as const;
/** Processes of each contender, in turn; loads and runs in each. */
const TURNS = { full: 3, tiny: 1 } as const;
const LOADS = { full: 3, tiny: 1 } as const;
const RUNS = { full: 60, tiny: 4 } as const;
/** The specification's figure for three models at once. */
const MOST_MS = 50;

interface Round {
  what: 'load' | 'run';
  one_after_another_ns: number;
  at_once_ns: number;
}

async function run({ effort, models, tell }: BenchContext): Promise<Findings> {
  const contenders = [edgepool, ...generalAllocators()];
  const files = MODELS[effort].map((name) => models.named(name));
  const program = benchProgram('edgepool-bench-concurrent');
  const taken: Record<string, Round[]> = {};
  for (let turn = 0; turn < TURNS[effort]; turn += 1) {
    tell(`concurrent: ${turn + 1} of ${TURNS[effort]}`);
    for (const { id, environment } of contenders) {
      const entries = await Promise.all(files.map((file) => models.words(file, id === OURS)));
      const words = [runtimeLibrary(), LOADS[effort], RUNS[effort], ...entries.flat()];
      const rounds = (await jsonLines(program, words, environment)) as Round[];
      taken[id] = [...(taken[id] ?? []), ...rounds];
    }
  }
  const names = files.map(modelTitle).join(', ');
  const table = (what: Round['what'], title: string): BenchTable => {
    const row = (label: string, key: Duration) => rowOf(label, durations(taken, what, key));
    return {
      ...{ id: what, title, unit: 'ms', better: 'less', cache: what === 'load' ? 'warm' : null },
      contenders: contenders.map(({ id, title: name }) => ({ id, title: name })),
      rows: [row('one after another', 'one_after_another_ns'), row('all at once', 'at_once_ns')],
    };
  };
  const ours = (what: Round['what'], key: Duration) =>
    median(durations(taken, what, key)[OURS] ?? []);
  const share = (what: Round['what']) =>
    ours(what, 'at_once_ns') / ours(what, 'one_after_another_ns');
  return {
    tables: [table('load', `Loads of ${names}`), table('run', `One run each of ${names}`)],
    targets: [
      target('three models loaded at once, ms', 'at most', MOST_MS, ours('load', 'at_once_ns')),
      target('three loads at once over one after another', 'at most', 1, share('load')),
      target('three runs at once over one after another', 'at most', 1, share('run')),
    ],
    notes: [
      'At once: a thread for each model, all let go at the same moment, until the last is done; one ' +
        'thread of the runtime for each. More models than cores share them.',
    ],
  };
}

type Duration = 'one_after_another_ns' | 'at_once_ns';

/** In milliseconds, by contender. */
function durations(
  taken: Readonly<Record<string, Round[]>>,
  what: Round['what'],
  key: Duration,
): Record<string, number[]> {
  const entries = Object.entries(taken).map(([id, rounds]) => [
    id,
    rounds.filter((round) => round.what === what).map((round) => round[key] / 1e6),
  ]);
  return Object.fromEntries(entries) as Record<string, number[]>;
}

export const concurrent: Bench = {
  name: 'concurrent',
  about: 'Three models on one frame: side by side, and one after another.',
  run,
};
