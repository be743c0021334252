import { Residence, type ResidenceName } from '../native/constants.ts';
import type { ParkingStruct } from '../native/structs.ts';

/** Where a model's memory is, and what the last ways there and back have cost. */
export interface ModelParking {
  /** parked: whole and in its place; packed: only what is live; away: nothing is in the region. */
  residence: ResidenceName;
  /** Of the region, now. */
  heldBytes: number;
  /** Of the region, once it is resident. */
  windowBytes: number;
  /** What a parked model has in use; 0 while it is resident. */
  liveBytes: number;
  /** The same, less where it is compressed. */
  packedBytes: number;
  parks: number;
  restores: number;
  /** Of the last parking: no two of the process share one. */
  generation: number;
  parkMs: number;
  restoreMs: number;
}

export function modelParking(parking: ParkingStruct): ModelParking {
  const [residence = 'resident'] =
    Object.entries(Residence).find(([, value]) => value === parking.residence) ?? [];
  return {
    residence: residence as ResidenceName,
    heldBytes: parking.held_bytes,
    windowBytes: parking.window_bytes,
    liveBytes: parking.live_bytes,
    packedBytes: parking.packed_bytes,
    parks: parking.parks,
    restores: parking.restores,
    generation: parking.generation,
    parkMs: parking.park_ns / 1e6,
    restoreMs: parking.restore_ns / 1e6,
  };
}
