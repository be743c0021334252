import type { Model } from '../models/model.ts';
import type { ResidenceName } from '../native/constants.ts';

export const PLACE_NAMES = ['memory', 'disk', 'neighbour'] as const;
export type PlaceName = (typeof PLACE_NAMES)[number];

/** A place's figures. Counts are since the program's start. */
export interface PlaceFigures {
  place: PlaceName;
  /** What its models may hold together; null: the whole region. */
  bound_bytes: number | null;
  held_bytes: number;
  /** Models that wait there. */
  models: number;
  parks: number;
  restores: number;
  /** Models that could not be brought there, and stayed where they were. */
  failures: number;
  /** Models that did not come back as they had been given, and were loaded from their files. */
  lost: number;
  /** What was given to it: on a disk, its wear. */
  written_bytes: number;
  read_bytes: number;
  /** Measured, for each MiB that was moved; null: nothing was yet. */
  park_ms_per_mib: number | null;
  restore_ms_per_mib: number | null;
}

/** A model that waits. */
export interface ParkedModel {
  model: string;
  place: PlaceName;
  /** parked: whole and in its place; packed: only what is live; away: nothing is in the region. */
  state: ResidenceName;
  /** Of the region, now. */
  held_bytes: number;
  /** What it has in use. */
  packed_bytes: number;
  /** Of the region, once it is restored. */
  window_bytes: number;
  /** How long the parking took, the wait for the model to be idle included. */
  park_ms: number;
}

/** What happened at a place and is for others to know. */
export interface PlaceEvent {
  /** parking_failed: it stays where it was. parked_model_lost: it did not come back as it had been
   *  given, and is loaded from its file. */
  kind: 'parking_failed' | 'parked_model_lost';
  model: string;
  place: PlaceName;
  message: string;
}

/** Where models wait whose turn is not now. */
export interface Place {
  readonly name: PlaceName;
  /** Nothing of an earlier process is of use. */
  start(): Promise<void>;
  /** Models that wait there are lost with it. */
  stop(): Promise<void>;
  has(model: Model): boolean;
  /** Throws one line where the model is not idle in time, does not fit or cannot be brought there;
   *  then nothing has happened. */
  park(model: Model): Promise<void>;
  /** Its memory, or where that is lost, the model loaded anew. Throws one line where the region has
   *  no room for it; then it waits on. */
  restore(model: Model): Promise<void>;
  /** The model is unloaded. */
  forget(model: Model): void;
  figures(): PlaceFigures;
  parked(): ParkedModel[];
}
