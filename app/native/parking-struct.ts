import koffi from 'koffi';

export interface ParkingStruct {
  residence: number;
  threads: number;
  held_bytes: number;
  window_bytes: number;
  live_bytes: number;
  packed_bytes: number;
  parks: number;
  restores: number;
  park_ns: number;
  pack_ns: number;
  restore_ns: number;
  moved_bytes: number;
  generation: number;
}
export const ep_parking = koffi.struct('ep_parking', {
  residence: 'uint32_t',
  threads: 'uint32_t',
  held_bytes: 'uint64_t',
  window_bytes: 'uint64_t',
  live_bytes: 'uint64_t',
  packed_bytes: 'uint64_t',
  parks: 'uint64_t',
  restores: 'uint64_t',
  park_ns: 'uint64_t',
  pack_ns: 'uint64_t',
  restore_ns: 'uint64_t',
  moved_bytes: 'uint64_t',
  generation: 'uint64_t',
});
