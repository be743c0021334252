import type { ModelParking } from '../models/model-parking.ts';
import type { ParkedModel, PlaceName } from './place.ts';

export function parkedModel(model: string, place: PlaceName, parking: ModelParking): ParkedModel {
  return {
    model,
    place,
    state: parking.residence,
    held_bytes: parking.heldBytes,
    packed_bytes: parking.packedBytes,
    window_bytes: parking.windowBytes,
    park_ms: parking.parkMs,
  };
}
