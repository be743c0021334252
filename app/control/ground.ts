import type { ModelConfig } from '../config/config.ts';
import type { Picture } from '../frames/preview.ts';
import type { ParkedModel, PlaceFigures, PlaceName } from '../parking/place.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { LendingSnapshot, Snapshot } from '../stats/snapshot.ts';
import type { Fields } from './answer.ts';
import type { Caller } from './caller.ts';
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
  park(name: string, place: PlaceName): Promise<ParkedModel>;
  /** Answers how long its memory took, in milliseconds. */
  restore(name: string): Promise<number>;
  places(): { places: PlaceFigures[]; parked: ParkedModel[]; lending: LendingSnapshot | null };
}

/** Pictures of what the sources see. Each method throws one line where it refuses. */
export interface Pictures {
  /** Of the source's next frame, at most so many pixels wide. */
  take(source: string, width: number): Promise<Pick<Picture, 'jpeg' | 'number'>>;
  /** Keeps it at this machine; gives the file. */
  keep(source: string, picture: Pick<Picture, 'jpeg' | 'number'>): Promise<string>;
  /** Why none may leave this machine by MQTT; null: it may. */
  readonly hidden: string | null;
  /** What a picture that leaves may have, in bytes. */
  readonly mostBytes: number;
  /** Tells the house that one was taken, and for whom. */
  tell(source: string, frame: number, caller: Caller): void;
}

/** What commands act upon. */
export interface Ground {
  readonly device: string;
  readonly version: string;
  read(): Snapshot;
  readonly models: RunningModels;
  readonly pipeline: Pick<Pipeline, 'adjust' | 'restartSource' | 'setSourceSize'>;
  readonly folder: ModelFolder;
  readonly pictures: Pictures;
  /** Looks at how a model uses memory, beside the program; ends early when the signal comes. */
  analyse(file: string, threads: number, signal: AbortSignal): Promise<Fields>;
}
