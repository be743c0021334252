/** The structs of the header's part «Frames» and after it. */
import koffi from 'koffi';
import { text } from './struct-text.ts';

export interface ConvertOptionsStruct {
  fit: number;
  automatic: number;
  mean: number[];
  std: number[];
}
export const ep_convert_options = koffi.struct('ep_convert_options', {
  fit: 'uint32_t',
  automatic: 'uint32_t',
  mean: koffi.array('float', 3, 'Array'),
  std: koffi.array('float', 3, 'Array'),
});

export interface FrameStruct {
  width: number;
  height: number;
  pixels: number;
  slot: number;
  number: number;
  captured_ns: number;
  bytes: number;
}
export const ep_frame = koffi.struct('ep_frame', {
  width: 'uint32_t',
  height: 'uint32_t',
  pixels: 'uint32_t',
  slot: 'uint32_t',
  number: 'uint64_t',
  captured_ns: 'uint64_t',
  bytes: 'uint64_t',
});

export const ep_event = koffi.struct('ep_event', {
  kind: 'uint32_t',
  status: 'int32_t',
  tag: 'uint64_t',
  frame: ep_frame,
  submitted_ns: 'uint64_t',
  started_ns: 'uint64_t',
  converted_ns: 'uint64_t',
  finished_ns: 'uint64_t',
  minor_faults: 'uint64_t',
  bytes_copied: 'uint64_t',
  message: text(128),
});

export interface SourceOptionsStruct {
  kind: number;
  width: number;
  height: number;
  seed: number;
  fps: number;
  path: string | null;
  tag: number;
  each_seconds: number;
  /** Left out: 0. */
  awaited?: number;
}
export const ep_source_options = koffi.struct('ep_source_options', {
  kind: 'uint32_t',
  width: 'uint32_t',
  height: 'uint32_t',
  seed: 'uint32_t',
  fps: 'double',
  path: 'const char *',
  tag: 'uint64_t',
  each_seconds: 'double',
  awaited: 'uint32_t',
  reserved: 'uint32_t',
});

export interface RecorderOptionsStruct {
  path: string;
  fps: number;
  max_bytes: number;
  waiting: number;
  reserved: number;
}
export const ep_recorder_options = koffi.struct('ep_recorder_options', {
  path: 'const char *',
  fps: 'double',
  max_bytes: 'uint64_t',
  waiting: 'uint32_t',
  reserved: 'uint32_t',
});

export interface RecorderStats {
  frames: number;
  dropped: number;
  bytes: number;
  state: number;
  message: string;
}
export const ep_recorder_stats = koffi.struct('ep_recorder_stats', {
  frames: 'uint64_t',
  dropped: 'uint64_t',
  bytes: 'uint64_t',
  state: 'uint32_t',
  reserved: 'uint32_t',
  message: text(256),
});

export interface ThreadStats {
  threads: number;
  minor_faults: number;
  major_faults: number;
}
export const ep_thread_stats = koffi.struct('ep_thread_stats', {
  threads: 'uint32_t',
  reserved: 'uint32_t',
  minor_faults: 'uint64_t',
  major_faults: 'uint64_t',
});

export interface ShapeStruct {
  kind: number;
  x: number;
  y: number;
  side: number;
  visible: number;
  red: number;
  green: number;
  blue: number;
}
export const ep_shape = koffi.struct('ep_shape', {
  kind: 'uint32_t',
  x: 'uint32_t',
  y: 'uint32_t',
  side: 'uint32_t',
  visible: 'float',
  red: 'uint8_t',
  green: 'uint8_t',
  blue: 'uint8_t',
  reserved: 'uint8_t',
});

export interface ThreadOptionsStruct {
  cpus: number | bigint;
  realtime: number;
  nice: number;
}
export const ep_thread_options = koffi.struct('ep_thread_options', {
  cpus: 'uint64_t',
  realtime: 'uint32_t',
  nice: 'int32_t',
});
