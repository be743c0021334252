import type { ModelConfig } from '../config/config.ts';
import { Interrupted } from './lifecycle.ts';

/** Where a set of models comes from: the configuration, what last ran well, the default job. */
export type Origin = 'configured' | 'last_good' | 'default';

export interface Candidate {
  origin: Origin;
  models: readonly ModelConfig[];
}

/** A model that does not run, and why, in one line. */
export interface Refused {
  model: string;
  message: string;
}

export interface Chosen<Planned> {
  candidate: Candidate;
  models: Planned[];
  refused: Refused[];
}

export interface ChooseOptions<Planned> {
  /** In the order in which they are tried. */
  candidates: readonly [Candidate, ...Candidate[]];
  /** A refused model is left out; else it ends the choice. */
  leavesOut: boolean;
  /** Throws one line where the model is refused. */
  plan(model: ModelConfig): Promise<Planned>;
  signal: AbortSignal;
}

/** The first candidate of which something can run. Throws the first refusal where nothing can. */
export async function chooseModels<Planned>(
  options: ChooseOptions<Planned>,
): Promise<Chosen<Planned>> {
  const { candidates, leavesOut, plan, signal } = options;
  const refused: Refused[] = [];
  for (const candidate of candidates) {
    const models: Planned[] = [];
    for (const model of candidate.models) {
      if (signal.aborted) throw new Interrupted();
      try {
        models.push(await plan(model));
      } catch (error) {
        if (!leavesOut || signal.aborted) throw error;
        refused.push({ model: model.name, message: (error as Error).message });
      }
    }
    if (models.length > 0) return { candidate, models, refused };
  }
  throw new Error(refused[0]?.message ?? 'no model is named: add one to models');
}
