import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Allocator } from './contenders.ts';
import { jsonLines } from './program.ts';
import { type BenchTable, OURS } from './result.ts';
import { rowOf } from './statistics.ts';

/** What a first round alone does - tables that are made, memory that is fetched - is left out. */
const ROUNDS = [1, 2] as const;
/** The function of the program in which calls are replayed. */
const COUNTED = '*Replay::time*';

export const MISSING =
  'NOT MEASURED: instructions a call; install the Debian package valgrind for them.';

export const hasValgrind = (): boolean =>
  spawnSync('valgrind', ['--version'], { stdio: 'ignore' }).status === 0;

interface Counted {
  calls: number;
  instructions: number;
}

/** One replay under callgrind. */
async function count(
  program: string,
  { id, environment }: Allocator,
  rounds: number,
  where: { folder: string; traces: readonly string[] },
): Promise<Counted> {
  const file = join(where.folder, `callgrind-${id}-${rounds}`);
  const heap = id === OURS ? 'pool' : id === 'bump' ? 'bump' : 'process';
  const words = [
    ...['--tool=callgrind', '--quiet', `--callgrind-out-file=${file}`],
    ...[`--toggle-collect=${COUNTED}`, program, heap, 'call', 0, rounds, 1, ...where.traces],
  ];
  const [told] = await jsonLines('valgrind', words, environment);
  const instructions = Number(/^totals: (\d+)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
  if (told === undefined || instructions === 0) throw new Error(`${program}: counted nothing`);
  return { calls: (told as { calls: number }).calls, instructions };
}

/** How many instructions a recorded call takes with each allocator, in a fresh heap. */
export async function instructionsTable(
  program: string,
  contenders: readonly Allocator[],
  where: { folder: string; traces: readonly string[] },
): Promise<BenchTable> {
  const counts: Record<string, number[]> = {};
  for (const contender of contenders) {
    const few = await count(program, contender, ROUNDS[0], where);
    const many = await count(program, contender, ROUNDS[1], where);
    counts[contender.id] = [(many.instructions - few.instructions) / (many.calls - few.calls)];
  }
  return {
    id: 'instructions',
    title: 'Instructions of a call, those of replaying it included (callgrind)',
    unit: 'instructions',
    better: 'less',
    cache: null,
    contenders: contenders.map(({ id, title }) => ({ id, title })),
    rows: [rowOf('mean', counts)],
  };
}
