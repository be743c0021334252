/**
 * The structs of `native/include/edgepool.h`, member by member. A test compares every size and
 * offset with what a C compiler makes of the header.
 *
 * 64-bit members arrive as numbers: byte counts and nanoseconds since boot stay below 2^53.
 */
import koffi from 'koffi';
import {
  ep_convert_options,
  ep_event,
  ep_frame,
  ep_recorder_options,
  ep_recorder_stats,
  ep_shape,
  ep_source_options,
  ep_thread_options,
  ep_thread_stats,
} from './frame-structs.ts';
import { ep_parking } from './parking-struct.ts';
import { text } from './struct-text.ts';

export type {
  ConvertOptionsStruct,
  FrameStruct,
  RecorderOptionsStruct,
  RecorderStats,
  ShapeStruct,
  SourceOptionsStruct,
  ThreadOptionsStruct,
  ThreadStats,
} from './frame-structs.ts';
export type { ParkingStruct } from './parking-struct.ts';

/** Handles are addresses; the brand keeps one kind from being passed as another. */
export type Handle<Kind extends string> = bigint & { readonly kind: Kind };
export type RegionHandle = Handle<'region'>;
export type PoolHandle = Handle<'pool'>;
export type RuntimeHandle = Handle<'runtime'>;
export type ModelHandle = Handle<'model'>;
export type EventsHandle = Handle<'events'>;
export type RingHandle = Handle<'ring'>;
export type SourceHandle = Handle<'source'>;
export type RecorderHandle = Handle<'recorder'>;
export type WorkerHandle = Handle<'worker'>;

const FRAMES = ['events', 'ring', 'source', 'recorder', 'worker'];
for (const kind of ['region', 'pool', 'runtime', 'model', ...FRAMES]) koffi.opaque(`ep_${kind}`);

export interface ErrorStruct {
  status: number;
  system_errno: number;
  requested_bytes: number;
  available_bytes: number;
  largest_free_bytes: number;
  message: string;
}
const ep_error = koffi.struct('ep_error', {
  status: 'int32_t',
  system_errno: 'int32_t',
  requested_bytes: 'uint64_t',
  available_bytes: 'uint64_t',
  largest_free_bytes: 'uint64_t',
  message: text(512),
});

export interface RegionOptionsStruct {
  capacity_bytes: number;
  lock: number;
  pages: number;
  mapping_budget: number;
  populate_step_bytes: number;
}
const ep_region_options = koffi.struct('ep_region_options', {
  capacity_bytes: 'uint64_t',
  lock: 'uint32_t',
  pages: 'uint32_t',
  mapping_budget: 'uint32_t',
  populate_step_bytes: 'uint32_t',
});

export interface RegionStats {
  capacity_bytes: number;
  assigned_bytes: number;
  mapped_bytes: number;
  unassigned_bytes: number;
  largest_run_bytes: number;
  page_bytes: number;
  lent_bytes: number;
  extents_lent: number;
  extents_taken_back: number;
  mappings: number;
  mapping_budget: number;
  pools: number;
  locked: number;
  transparent_huge: number;
}
const ep_region_stats = koffi.struct('ep_region_stats', {
  capacity_bytes: 'uint64_t',
  assigned_bytes: 'uint64_t',
  mapped_bytes: 'uint64_t',
  unassigned_bytes: 'uint64_t',
  largest_run_bytes: 'uint64_t',
  page_bytes: 'uint64_t',
  lent_bytes: 'uint64_t',
  extents_lent: 'uint64_t',
  extents_taken_back: 'uint64_t',
  mappings: 'uint32_t',
  mapping_budget: 'uint32_t',
  pools: 'uint32_t',
  locked: 'uint8_t',
  transparent_huge: 'uint8_t',
  reserved: koffi.array('uint8_t', 2),
});

export interface PoolOptionsStruct {
  name: string;
  quota_bytes: number;
  window_bytes: number;
  planned_bytes: number;
  chunk_bytes: number;
  reserved: number;
}
const ep_pool_options = koffi.struct('ep_pool_options', {
  name: 'const char *',
  quota_bytes: 'uint64_t',
  window_bytes: 'uint64_t',
  planned_bytes: 'uint64_t',
  chunk_bytes: 'uint32_t',
  reserved: 'uint32_t',
});

export interface PoolStats {
  id: number;
  chunk_bytes: number;
  quota_bytes: number;
  mapped_bytes: number;
  live_bytes: number;
  requested_bytes: number;
  peak_live_bytes: number;
  free_bytes: number;
  largest_free_bytes: number;
  allocations: number;
  frees: number;
  failures: number;
  live_blocks: number;
  runs: number;
  threads: number;
  external_fragmentation: number;
  internal_fragmentation: number;
  utilisation: number;
  headroom: number;
}
const ep_pool_stats = koffi.struct('ep_pool_stats', {
  id: 'uint32_t',
  chunk_bytes: 'uint32_t',
  quota_bytes: 'uint64_t',
  mapped_bytes: 'uint64_t',
  live_bytes: 'uint64_t',
  requested_bytes: 'uint64_t',
  peak_live_bytes: 'uint64_t',
  free_bytes: 'uint64_t',
  largest_free_bytes: 'uint64_t',
  allocations: 'uint64_t',
  frees: 'uint64_t',
  failures: 'uint64_t',
  live_blocks: 'uint64_t',
  runs: 'uint32_t',
  threads: 'uint32_t',
  external_fragmentation: 'double',
  internal_fragmentation: 'double',
  utilisation: 'double',
  headroom: 'double',
});

export interface Block {
  offset_bytes: number;
  bytes: number;
  used: number;
}
const ep_block = koffi.struct('ep_block', {
  offset_bytes: 'uint64_t',
  bytes: 'uint64_t',
  used: 'uint32_t',
  reserved: 'uint32_t',
});

export interface AllocationRecord {
  time_ns: number;
  offset_bytes: number;
  old_offset_bytes: number;
  bytes: number;
  alignment: number;
  thread_id: number;
  operation: number;
  phase: number;
}
const ep_record = koffi.struct('ep_record', {
  time_ns: 'uint64_t',
  offset_bytes: 'uint64_t',
  old_offset_bytes: 'uint64_t',
  bytes: 'uint64_t',
  alignment: 'uint32_t',
  thread_id: 'uint32_t',
  operation: 'uint8_t',
  phase: 'uint8_t',
  reserved: koffi.array('uint8_t', 6),
});

export interface RuntimeOptionsStruct {
  library_path: string;
  pool_quota_bytes: number;
}
const ep_runtime_options = koffi.struct('ep_runtime_options', {
  library_path: 'const char *',
  pool_quota_bytes: 'uint64_t',
});

export interface RuntimeStats {
  version: string;
  entries_runtime: number;
  entries_cxx: number;
  libraries: number;
  has_xnnpack: number;
  pool_allocations: number;
  foreign_allocations: number;
  foreign_bytes: number;
}
const ep_runtime_stats = koffi.struct('ep_runtime_stats', {
  version: text(32),
  entries_runtime: 'uint32_t',
  entries_cxx: 'uint32_t',
  libraries: 'uint32_t',
  has_xnnpack: 'uint32_t',
  pool_allocations: 'uint64_t',
  foreign_allocations: 'uint64_t',
  foreign_bytes: 'uint64_t',
});

export interface ModelOptionsStruct {
  name: string;
  path: string | null;
  bytes: Uint8Array | null;
  size_bytes: number;
  max_file_bytes: number;
  threads: number;
  delegate: number;
  delegate_library: string | null;
  delegate_options: string | null;
}
const ep_model_options = koffi.struct('ep_model_options', {
  name: 'const char *',
  path: 'const char *',
  bytes: 'const void *',
  size_bytes: 'uint64_t',
  max_file_bytes: 'uint64_t',
  threads: 'uint32_t',
  delegate: 'uint32_t',
  delegate_library: 'const char *',
  delegate_options: 'const char *',
});

export interface TensorInfoStruct {
  name: string;
  type: number;
  rank: number;
  shape: Int32Array;
  bytes: number;
  scale: number;
  zero_point: number;
}
const ep_tensor_info = koffi.struct('ep_tensor_info', {
  name: text(128),
  type: 'int32_t',
  rank: 'int32_t',
  shape: koffi.array('int32_t', 8, 'Typed'),
  bytes: 'uint64_t',
  scale: 'float',
  zero_point: 'int32_t',
});

export interface ModelInfo {
  inputs: number;
  outputs: number;
  threads: number;
  delegate: number;
  delegate_tried: number;
  attempts: number;
  /** 1: the file leaves height and width of the first input open. */
  open_size: number;
  file_bytes: number;
  load_ns: number;
  map_ns: number;
  read_ns: number;
  check_ns: number;
  interpreter_ns: number;
  delegate_ns: number;
  tensors_ns: number;
  first_invoke_ns: number;
  load_minor_faults: number;
}
const ep_model_info = koffi.struct('ep_model_info', {
  inputs: 'uint32_t',
  outputs: 'uint32_t',
  threads: 'uint32_t',
  delegate: 'uint32_t',
  delegate_tried: 'uint32_t',
  attempts: 'uint32_t',
  open_size: 'uint32_t',
  reserved: 'uint32_t',
  file_bytes: 'uint64_t',
  load_ns: 'uint64_t',
  map_ns: 'uint64_t',
  read_ns: 'uint64_t',
  check_ns: 'uint64_t',
  interpreter_ns: 'uint64_t',
  delegate_ns: 'uint64_t',
  tensors_ns: 'uint64_t',
  first_invoke_ns: 'uint64_t',
  load_minor_faults: 'uint64_t',
});

export interface InvokeStats {
  duration_ns: number;
  minor_faults: number;
  major_faults: number;
  pool_allocations: number;
}
const ep_invoke_stats = koffi.struct('ep_invoke_stats', {
  duration_ns: 'uint64_t',
  minor_faults: 'uint64_t',
  major_faults: 'uint64_t',
  pool_allocations: 'uint64_t',
});

export interface ChildStruct {
  pid: number;
  output_fd: number;
  errors_fd: number;
}
const ep_child = koffi.struct('ep_child', {
  pid: 'int32_t',
  output_fd: 'int32_t',
  errors_fd: 'int32_t',
  reserved: 'int32_t',
});

export interface ChildEndStruct {
  exit_status: number;
  signal: number;
}
const ep_child_end = koffi.struct('ep_child_end', {
  exit_status: 'int32_t',
  signal: 'int32_t',
});

/** Every struct of the header, by its C name. */
export const structs = {
  ep_error,
  ep_region_options,
  ep_region_stats,
  ep_pool_options,
  ep_pool_stats,
  ep_block,
  ep_record,
  ep_runtime_options,
  ep_runtime_stats,
  ep_model_options,
  ep_tensor_info,
  ep_model_info,
  ep_invoke_stats,
  ep_parking,
  ep_convert_options,
  ep_frame,
  ep_event,
  ep_source_options,
  ep_recorder_options,
  ep_recorder_stats,
  ep_shape,
  ep_thread_options,
  ep_thread_stats,
  ep_child,
  ep_child_end,
};
