import type { ModelConfig } from '../config/config.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Snapshot } from '../stats/snapshot.ts';
import type { Fields } from './answer.ts';
import type { ModelFolder } from './model-folder.ts';

/** A model that runs, as far as commands look at it. */
export interface RunningModel {
  readonly planned: { readonly config: ModelConfig };
  readonly model: { readonly name: string; readonly loadMs: number };
}

/** The models that run; each method throws one line where it refuses. */
export interface RunningModels {
  readonly all: readonly RunningModel[];
  load(config: ModelConfig): Promise<RunningModel>;
  unload(name: string): Promise<void>;
  replace(name: string, config: ModelConfig): Promise<RunningModel>;
}

/** What commands act upon. */
export interface Ground {
  readonly device: string;
  readonly version: string;
  read(): Snapshot;
  readonly models: RunningModels;
  readonly pipeline: Pick<Pipeline, 'adjust' | 'restartSource' | 'setSourceSize'>;
  readonly folder: ModelFolder;
  /** Looks at how a model uses memory, beside the program; ends early when the signal comes. */
  analyse(file: string, threads: number, signal: AbortSignal): Promise<Fields>;
}
