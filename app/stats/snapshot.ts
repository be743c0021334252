/**
 * The one picture of how things are. Every number that the report, telemetry, metrics and the page
 * show is a field here, with its unit in its name and its definition beside it; each part of the
 * program fills its own section, and nobody computes a figure a second time.
 */

import type { TopClass } from './answer.ts';
import type { Distribution } from './distribution.ts';

/** Why a frame, or one model's turn on it, was not answered. */
export type DropReason =
  /** A newer frame took its place in a model's queue. */
  | 'superseded'
  /** As superseded, while the model let models of a higher priority go first. */
  | 'yielded'
  /** As superseded, while the model's memory was elsewhere: it is not brought back in time. */
  | 'parked'
  /** Every slot of the ring was held when the camera had it. */
  | 'no_slot'
  /** The source lost it: a gap in its numbers. */
  | 'source'
  /** The model failed on it. */
  | 'error'
  /** The model was taken out of the stream first. */
  | 'removed'
  /** The program stopped first. */
  | 'stopping';

export interface FramesSnapshot {
  captured: number;
  /** Frames on which every model that was due has answered. */
  completed: number;
  dropped: Record<DropReason, number>;
  /** Completed frames a second, from the first to the last completed one. */
  fps: number;
  /** Frames the source gave a second. */
  camera_fps: number;
}

/** One source's share of `frames`, whose counts are the sums and whose rates are added up. */
export interface SourceSnapshot extends FramesSnapshot {
  name: string;
  /** What it is: `pattern 1280x720`, `still cat.jpg`. */
  kind: string;
  /** Of its last frame, in pixels; 0 before the first. */
  width: number;
  height: number;
  /** It has said that it has no frames for now: a camera that is not there, a clip that has ended. */
  away: boolean;
  /** Between two frames, as measured last: a camera may slow down at night. */
  period_ms: number;
  frame_latency_ms: Latency;
  /** Of all its frames. */
  frame_bytes: number;
  /** Of these, copied to bring the frames into their slots: out of a camera's buffer, or of a still
   *  into a slot that has not had it. What is read from a file or decoded into a slot is not. */
  bytes_copied: number;
  /** The most that a frame was copied, in times its own bytes. Models convert frames in place. */
  most_copies: number;
  /** null: is not recorded. */
  recording: RecordingSnapshot | null;
  /** Small pictures made of its frames for who looks at the page, however many look. */
  previews: number;
  /** Pictures that commands have taken of it, to be kept or sent. */
  snapshots: number;
}

/** A source's frames on their way into a file. */
export interface RecordingSnapshot {
  file: string;
  /** full: as large as it may be; failed: the file could not be written any more. */
  state: 'on' | 'full' | 'failed';
  /** In the file. */
  frames: number;
  /** Captured, and not in the file: the disk was behind, the size was another, the file failed. */
  dropped: number;
  /** Of the file. */
  bytes: number;
}

/** Percentiles of a duration, in milliseconds. */
export interface Latency {
  p50: number;
  p95: number;
  p99: number;
  p999: number;
  max: number;
}

export interface RegionSnapshot {
  capacity_bytes: number;
  mapped_bytes: number;
  /** Unassigned: no pool has it. */
  reserve_bytes: number;
  page_bytes: number;
  locked: boolean;
}

/** The definitions of the ratios stand in `native/include/edgepool.h`, at `ep_pool_stats`. */
export interface PoolSnapshot {
  quota_bytes: number;
  mapped_bytes: number;
  live_bytes: number;
  peak_bytes: number;
  chunk_bytes: number;
  external_fragmentation: number;
  internal_fragmentation: number;
  utilisation: number;
  runs: number;
}

/** Where models wait that are parked. */
export type PlaceName = 'memory' | 'disk' | 'neighbour';

/** A place's figures. Counts are since the program's start. */
export interface PlaceSnapshot {
  place: PlaceName;
  /** The server that is used, or was last; null: none yet, or the place has none. */
  server: string | null;
  /** What its models may hold together; null: the whole region. */
  bound_bytes: number | null;
  /** By models that wait there. */
  held_bytes: number;
  /** What these models have in use: more than they hold where it is compressed. */
  live_bytes: number;
  /** By what models have left there that are back: what of it has not changed when they are parked
   *  again is not written again. */
  kept_bytes: number;
  /** Models that wait there. */
  models: number;
  parks: number;
  /** Models that came back as they had been given. */
  restores: number;
  /** Models that could not be brought there, and stayed where they were. */
  failures: number;
  /** Models that did not come back as they had been given, and were loaded from their files. */
  lost: number;
  /** Models that were back and whose bytes were given up there, to make room for others. */
  dropped: number;
  /** What was given to it: on a disk, its wear. */
  written_bytes: number;
  /** What was there already and was not given again. */
  unchanged_bytes: number;
  read_bytes: number;
  /** Measured, for each MiB that was moved; null: nothing was yet. */
  park_ms_per_mib: number | null;
  restore_ms_per_mib: number | null;
}

/** Where a model's memory is, whether it gets frames or not. */
export interface WhereaboutsSnapshot {
  model: string;
  /** null: it is resident. */
  place: PlaceName | null;
  /** parked: whole and in its place; packed: only what is live; away: nothing is in the region;
   *  restoring: it is on its way back. */
  state: 'resident' | 'parked' | 'packed' | 'away' | 'restoring';
  /** Of the region, now. */
  held_bytes: number;
  /** What it has in use; 0 while it is resident. */
  live_bytes: number;
  /** The same, less where it is compressed. */
  packed_bytes: number;
  /** Of the region, once it is resident. */
  window_bytes: number;
  /** How long the last parking took, the wait for the model to be idle included. */
  park_ms: number;
}

/** Memory of the region that is lent to a server of this machine. Counts are since the program's
 *  start. */
export interface LendingSnapshot {
  /** What may be lent at most. */
  bound_bytes: number;
  /** Of the region, now: the system's, and the server's to use. */
  lent_bytes: number;
  /** What the server may hold now, its own included, as it was told last; null: it was told nothing
   *  yet. */
  server_limit_bytes: number | null;
  /** What it holds of that, as it said last; null: it does not answer. */
  server_used_bytes: number | null;
  /** Of 2 MiB each. */
  extents_lent: number;
  extents_taken_back: number;
  /** Steps that could not be made, and are tried again. */
  failures: number;
}

/** Every place that is on and every model that is loaded. */
export interface ParkingSnapshot {
  places: PlaceSnapshot[];
  models: WhereaboutsSnapshot[];
  /** null: this machine lends nothing. */
  lending: LendingSnapshot | null;
}

/** When a model has its turns. */
export interface ScheduleSnapshot {
  every: number;
  /** Turns a second; null: by `every`. */
  fps: number | null;
  priority: number;
  /** As set; null: the time until its next turn. */
  deadline_ms: number | null;
}

export interface ModelSnapshot {
  name: string;
  /** The name of its file; null: it came from memory. */
  file: string | null;
  sha256: string;
  /** From the call to ready, first invoke included. */
  load_ms: number;
  invoke_ms: { p50: number; p99: number };
  invokes: number;
  /** From capture to this model's answer. */
  latency_ms: { p50: number; p99: number };
  conversion_ms: { p50: number; p99: number };
  /** Answers in time over answers due; a dropped due frame is a miss. */
  deadline_hit_ratio: number;
  /** Turns that were not answered. */
  dropped: Record<DropReason, number>;
  /** The sources whose frames it gets. */
  sources: string[];
  schedule: ScheduleSnapshot;
  /** Page faults of its thread, from its first answer on; stays exact while others come and go. */
  steady_state: { frames_covered: number; minor_faults: number };
  /** Where its memory is; restoring: on its way back. Its frames wait meanwhile. */
  residence: 'resident' | 'parked' | 'restoring';
  top: TopClass | null;
  /** What runs it, and what was refused on the way: `xnnpack+qs8`, `xnnpack (qu8 refused)`, `none`. */
  delegate: string;
  pool: PoolSnapshot;
}

/** From the first frame after all warm-ups, over every thread that captures, converts or runs. While
 *  a model is loaded, added or taken out, nothing is counted: its own first steps are no fault of the
 *  others, whose own figures go on. */
export interface SteadyStateSnapshot {
  frames_covered: number;
  minor_faults: number;
  /** Made by the runtime on any thread outside every pool. */
  foreign_allocations: number;
}

export interface DistributionsSnapshot {
  frame_latency: Distribution;
  conversion: Distribution;
  invoke: (Distribution & { model: string })[];
}

export interface MqttSnapshot {
  /** The broker has accepted the connection that there is now. */
  connected: boolean;
  /** Why the broker does not let this device in, in its words; null: it was not refused. */
  refused: string | null;
  /** That the connection speaks; null without one. */
  protocol: '5' | '3.1.1' | null;
  /** Messages that were delivered: QoS 1 confirmed, QoS 0 handed to the system. */
  published: number;
  /** Messages that were given up. Every message is published, dropped or waiting. */
  dropped: number;
  waiting: number;
}

/** What the Raspberry Pi firmware does to keep a board alive, and why. */
export type ThrottlingCondition =
  /** The supply gives less than 4.63 V. */
  | 'under_voltage'
  /** The processor's clock may not rise to its highest. */
  | 'frequency_capped'
  /** The clock is lowered. */
  | 'throttled'
  /** It is too warm for the highest clock. */
  | 'soft_temperature_limit';

/** `since_start`: now or at some time since the program started, however short. */
export type ThrottlingSnapshot = Record<
  ThrottlingCondition,
  { now: boolean; since_start: boolean }
>;

/** How much time is lost because memory is short: `some` thread waited for it, or all did (`full`).
 *  The kernel's pressure stall information. */
export interface PressureSnapshot {
  /** Shares of the last ten seconds. */
  some_ratio: number;
  full_ratio: number;
  /** Since the machine has started. */
  some_seconds: number;
  full_seconds: number;
}

export interface SpaceSnapshot {
  /** That this program could still fill. */
  free_bytes: number;
  size_bytes: number;
}

/** What the machine tells about itself, asked every five seconds; null where it does not tell. */
export interface BoardSnapshot {
  /** Of the processor; of the hottest sensor where none is the processor's. */
  temperature_celsius: number | null;
  throttling: ThrottlingSnapshot | null;
  /** Of the fastest processor, as the kernel has set it. */
  clock_hz: number | null;
  /** Threads that run or want to, averaged over a minute. */
  load_average: number | null;
  /** Of the machine, and of the control group of this program. */
  memory_pressure: { system: PressureSnapshot | null; group: PressureSnapshot | null };
  /** Of the file systems that have the program's state folder and `/`. */
  space: { state: SpaceSnapshot | null; root: SpaceSnapshot | null };
}

/** What `--report` writes and `state` publishes. */
export interface Snapshot {
  /** Of all sources together. */
  frames: FramesSnapshot;
  sources: SourceSnapshot[];
  /** Answers in time over answers due; a dropped due frame is a miss. */
  deadline_hit_ratio: number;
  /** From capture to the last answer on a frame. */
  frame_latency_ms: Latency;
  region: RegionSnapshot;
  models: ModelSnapshot[];
  parking: ParkingSnapshot;
  steady_state: SteadyStateSnapshot;
  conversion_ms: { p50: number; p99: number };
  /** Frame bytes copied between capture and conversion, of all sources. */
  bytes_copied: number;
  /** Share of right answers, where the source knows the truth: things found with the right label
   *  and box, over those that had to be found and the false ones. */
  accuracy: number | null;
  event_loop_delay_ms: { p99: number; max: number };
  /** The durations above, as counts. */
  distributions: DistributionsSnapshot;
  mqtt: MqttSnapshot;
  board: BoardSnapshot;
}
