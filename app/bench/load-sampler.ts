import { runtimeLibrary } from '../models/runtime-library.ts';
import { Delegate } from '../native/constants.ts';
import type { BenchContext } from './bench.ts';
import { type Allocator, edgepool, generalAllocators, glibc } from './contenders.ts';
import { modelTitle } from './models.ts';
import { benchProgram, jsonLines } from './program.ts';
import { OURS } from './result.ts';

/** Parts of a load in their order, as the program tells them. */
export const PARTS = [
  'map',
  'read',
  'check',
  'interpreter',
  'delegate',
  'tensors',
  'first_invoke',
] as const;

/** Milliseconds, and page faults of the loading thread. */
export type LoadTimes = Record<(typeof PARTS)[number] | 'total', number> & { faults: number };

/** What one process told: its first load, those after it, and the idle share before the first. */
export interface Sample {
  first: LoadTimes;
  later: LoadTimes[];
  idle: number;
}

export interface LoadCase {
  file: string;
  /** Fresh processes for each contender. */
  runs: number;
  later: number;
  /** Of the processes, so many load again; by default all of them. */
  laterRuns?: number;
  /** By default all. */
  contenders?: readonly Allocator[];
  /** Contenders beside ours and glibc take part in one round of so many, after the rounds that load
   *  again; by default in each. */
  othersEvery?: number;
  cache: 'warm' | 'cold';
  aged: boolean;
}

/** What a trial has told of the pool. */
interface Pool {
  mappedBytes: number;
  ends: string;
}

type Told = Record<`${(typeof PARTS)[number] | 'total'}_ns`, number> & { faults: number };

const THREADS = 1;
/** Whom a promise names with a number of processes. */
const ALWAYS: readonly Allocator[] = [edgepool, glibc];
const NS_PER_MS = 1e6;
/** An aged heap holds so many times the model's pool before half of it is given back. */
const AGED_POOLS = 2.5;

function timesOf(told: Told): LoadTimes {
  const times: Partial<LoadTimes> = { faults: told.faults };
  for (const part of [...PARTS, 'total'] as const) times[part] = told[`${part}_ns`] / NS_PER_MS;
  return times as LoadTimes;
}

/** Loads models in fresh processes, all contenders in turn. */
export class LoadSampler {
  readonly contenders: Allocator[];
  readonly #context: BenchContext;

  constructor(context: BenchContext) {
    this.#context = context;
    this.contenders = [edgepool, ...generalAllocators()];
  }

  async take(wanted: LoadCase): Promise<Record<string, Sample[]>> {
    const { models, tell } = this.#context;
    const { file, runs, cache, aged, contenders = this.contenders } = wanted;
    const { laterRuns = runs, later, othersEvery = 1 } = wanted;
    tell(`load: ${modelTitle(file)}, ${cache}, ${aged ? 'aged' : 'fresh'} heap, ${runs} times`);
    const { mappedBytes } = await models.fit(file, THREADS);
    const ends = await models.ends(file);
    const taken = Object.fromEntries(contenders.map(({ id }) => [id, [] as Sample[]]));
    for (let run = 0; run < runs; run += 1) {
      const once = { ...wanted, later: run < laterRuns ? later : 0 };
      for (const contender of contenders) {
        if (run >= laterRuns && run % othersEvery !== 0 && !ALWAYS.includes(contender)) continue;
        taken[contender.id]?.push(await this.#once(contender, once, { mappedBytes, ends }));
      }
    }
    return taken;
  }

  async #once(contender: Allocator, wanted: LoadCase, pool: Pool): Promise<Sample> {
    const { mappedBytes, ends } = pool;
    const { file, later, cache, aged } = wanted;
    const words = [
      runtimeLibrary(),
      file,
      THREADS,
      Delegate.auto,
      contender.id === OURS ? mappedBytes : 0,
      contender.id === OURS ? ends : '-',
      1 + later,
      0,
      cache,
      aged ? Math.round(mappedBytes * AGED_POOLS) : 0,
    ];
    const program = benchProgram('edgepool-bench-load');
    const [state, ...loads] = await jsonLines(program, words, contender.environment);
    const [first, ...rest] = (loads as Told[]).map(timesOf);
    if (state === undefined || first === undefined) throw new Error(`${program}: told nothing`);
    return { first, later: rest, idle: (state as { idle_share: number }).idle_share };
  }
}
