import type { Models } from './models.ts';
import type { BenchResult, BenchTable, Target } from './result.ts';

/** How much is measured: `full` is what is published, `tiny` shows that it works. */
export type Effort = 'full' | 'tiny';

export interface BenchContext {
  effort: Effort;
  models: Models;
  /** Results of the benches that ran before in the same command, by name. */
  earlier: ReadonlyMap<string, BenchResult>;
  /** One line on what goes on, for people. */
  tell(line: string): void;
}

/** What a bench itself finds out; the rest of a result is added around it. */
export type Findings = { tables: BenchTable[]; targets: Target[]; notes: string[] };

export interface Bench {
  name: string;
  about: string;
  /** Benches that run before it in the same command, for their figures. */
  needs?: readonly string[];
  /** Rejects with one line that says what is missing and what to do. */
  run(context: BenchContext): Promise<Findings>;
}
