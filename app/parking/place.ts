import type { Model } from '../models/model.ts';
import type { PlaceName, PlaceSnapshot, WhereaboutsSnapshot } from '../stats/snapshot.ts';

export type { PlaceName, PlaceSnapshot as PlaceFigures } from '../stats/snapshot.ts';

export const PLACE_NAMES = ['memory', 'disk', 'neighbour'] as const satisfies readonly PlaceName[];

/** A model that waits. */
export interface ParkedModel extends WhereaboutsSnapshot {
  place: PlaceName;
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
  figures(): PlaceSnapshot;
  parked(): ParkedModel[];
}
