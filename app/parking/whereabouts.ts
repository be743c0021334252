import type { Model } from '../models/model.ts';
import type { ModelParking } from '../models/model-parking.ts';
import type { PlaceName, WhereaboutsSnapshot } from '../stats/snapshot.ts';
import type { ParkedModel } from './place.ts';

export function residentModel(model: Model): WhereaboutsSnapshot {
  return { ...figures(model, model.parking()), place: null };
}

/** `parking`: as the model tells of itself, or has told where it cannot any more. */
export function parkedModel(
  model: Model,
  place: PlaceName,
  { parking, restoring }: { parking: ModelParking; restoring: boolean },
): ParkedModel {
  const parked = { ...figures(model, parking), place };
  return restoring ? { ...parked, state: 'restoring' } : parked;
}

function figures(
  { name: model }: Model,
  { residence: state, heldBytes, liveBytes, packedBytes, windowBytes, parkMs }: ModelParking,
): Omit<WhereaboutsSnapshot, 'place'> {
  return {
    ...{ model, state, held_bytes: heldBytes, live_bytes: liveBytes },
    ...{ packed_bytes: packedBytes, window_bytes: windowBytes, park_ms: parkMs },
  };
}
