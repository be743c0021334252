/** The enums of `native/include/edgepool.h`, by the header's own names. */

export const EP_ABI_VERSION = 1;

export const Status = {
  EP_OK: 0,
  EP_E_ARGUMENT: 10,
  EP_E_STATE: 11,
  EP_E_BUSY: 12,
  EP_E_REGION_FULL: 20,
  EP_E_POOL_FULL: 21,
  EP_E_MAPPINGS: 22,
  EP_E_NO_MEMORY: 23,
  EP_E_MEMLOCK: 24,
  EP_E_FILE: 30,
  EP_E_NOT_A_MODEL: 31,
  EP_E_MALFORMED: 32,
  EP_E_UNSUPPORTED: 33,
  EP_E_REFUSED: 34,
  EP_E_INVOKE: 35,
  EP_E_IMAGE: 36,
  EP_E_SEAL: 37,
  EP_E_SYSTEM: 40,
  EP_E_LIBRARY: 41,
  EP_E_BIND: 42,
} as const;
export type StatusName = keyof typeof Status;

/** The header's name of a status; `EP_E_SYSTEM` for one that this build does not know. */
export function statusName(status: number): StatusName {
  for (const [name, value] of Object.entries(Status)) {
    if (value === status) {
      return name as StatusName;
    }
  }
  return 'EP_E_SYSTEM';
}

export const EP_SEALED_PIECE_BYTES = 1048576;
export const EP_SEAL_BYTES = 16;
export const EP_COMPRESSION_BYTES = 2097152;
export const EP_OWNER_COMPRESSION = 65534;

export const Lock = { off: 0, preferred: 1, required: 2 } as const;
export const Pages = { auto: 0, ordinary: 1, hugetlb: 2 } as const;
export const Compression = { none: 0, lz4: 1, zstd: 2 } as const;
export const Residence = { resident: 0, parked: 1, packed: 2, away: 3 } as const;
export type ResidenceName = keyof typeof Residence;
export const FitMode = { stretch: 0, crop: 1, letterbox: 2 } as const;

export const Delegate = {
  auto: 0,
  none: 1,
  xnnpack: 2,
  'xnnpack+qs8': 3,
  'xnnpack+qu8': 4,
  'xnnpack+qs8+qu8': 5,
  external: 6,
} as const;
export type DelegateName = keyof typeof Delegate;

export const TensorType = {
  none: 0,
  float32: 1,
  int32: 2,
  uint8: 3,
  int64: 4,
  string: 5,
  bool: 6,
  int16: 7,
  complex64: 8,
  int8: 9,
  float16: 10,
  float64: 11,
} as const;
export type TensorTypeName = keyof typeof TensorType;

export const SourceKind = { pattern: 1, still: 2, v4l2: 3, y4m: 4, gst: 5 } as const;
export const RecorderState = { on: 0, full: 1, failed: 2 } as const;
export type RecorderStateName = keyof typeof RecorderState;
export const EventKind = {
  frame: 1,
  result: 2,
  sourceDrop: 3,
  sourceError: 4,
  sourceEnd: 5,
} as const;
