import type { Model } from '../models/model.ts';
import type { ResidenceName } from '../native/constants.ts';

/** A place's figures. */
export interface PlaceFigures {
  place: string;
  /** What its models may hold together; null: the whole region. */
  bound_bytes: number | null;
  held_bytes: number;
  /** Models that wait there. */
  models: number;
  /** Since the program's start. */
  parks: number;
  restores: number;
}

/** A model that waits. */
export interface ParkedModel {
  model: string;
  place: string;
  /** parked: whole and in its place; packed: only what is live. */
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

/** Where models wait whose turn is not now. */
export interface Place {
  readonly name: string;
  has(model: Model): boolean;
  /** Throws one line where the model is not idle in time or does not fit; then nothing has
   *  happened. */
  park(model: Model): Promise<void>;
  /** Throws one line where the region has no room for it; then it waits on. */
  restore(model: Model): Promise<void>;
  /** The model is unloaded. */
  forget(model: Model): void;
  figures(): PlaceFigures;
  parked(): ParkedModel[];
}
