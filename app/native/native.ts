/** The functions of `native/include/edgepool.h`. What each does, and when it fails, stands there. */
import type { KoffiFunc } from 'koffi';
import type {
  ChildEndStruct,
  ChildStruct,
  ConvertOptionsStruct,
  EventsHandle,
  FrameStruct,
  InvokeStats,
  ModelHandle,
  ModelInfo,
  ModelOptionsStruct,
  ParkingStruct,
  PoolHandle,
  PoolOptionsStruct,
  PoolStats,
  RecorderHandle,
  RecorderOptionsStruct,
  RecorderStats,
  RegionHandle,
  RegionOptionsStruct,
  RegionStats,
  RingHandle,
  RuntimeHandle,
  RuntimeOptionsStruct,
  RuntimeStats,
  SourceHandle,
  SourceOptionsStruct,
  TensorInfoStruct,
  ThreadOptionsStruct,
  ThreadStats,
  WorkerHandle,
} from './structs.ts';

/** Where a call puts one value. */
export type Out<T> = [T | null];
/** An `ep_error`, see `newError`. */
type Err = Uint8Array;
type Status = number;
/** An object that the call fills. */
type Fill<T> = Partial<T>;

type Call<F extends (...args: never[]) => unknown> = KoffiFunc<F>;

type PackedCall = Call<
  (
    model: ModelHandle,
    offsetBytes: number,
    bytes: Uint8Array,
    sizeBytes: number,
    error: Err,
  ) => Status
>;
type SealedPieceCall = Call<
  (
    model: ModelHandle,
    place: number,
    number: number,
    sealed: Uint8Array,
    sizeBytes: number,
    error: Err,
  ) => Status
>;

export interface Native {
  /** The shared library in use. */
  readonly path: string;

  ep_abi_version: Call<() => number>;

  ep_region_create: Call<
    (options: RegionOptionsStruct, out: Out<RegionHandle>, error: Err) => Status
  >;
  ep_region_destroy: Call<(region: RegionHandle, error: Err) => Status>;
  ep_region_get_stats: Call<(region: RegionHandle, out: Fill<RegionStats>) => void>;
  ep_region_map: Call<
    (region: RegionHandle, owners: Uint16Array | null, capacity: number) => number
  >;
  ep_region_lend: Call<(region: RegionHandle, bytes: number, error: Err) => Status>;
  ep_region_take_back: Call<(region: RegionHandle, bytes: number, error: Err) => Status>;
  ep_region_compress: Call<(region: RegionHandle, compression: number, error: Err) => Status>;

  ep_pool_create: Call<
    (region: RegionHandle, options: PoolOptionsStruct, out: Out<PoolHandle>, error: Err) => Status
  >;
  ep_pool_destroy: Call<(pool: PoolHandle, error: Err) => Status>;
  ep_pool_reset: Call<(pool: PoolHandle, error: Err) => Status>;
  ep_pool_set_quota: Call<(pool: PoolHandle, quotaBytes: number, error: Err) => Status>;
  ep_pool_grow: Call<(pool: PoolHandle, mappedBytes: number, error: Err) => Status>;
  ep_pool_trim: Call<(pool: PoolHandle, mappedBytes: number, error: Err) => Status>;
  ep_pool_place: Call<(pool: PoolHandle, ends: Uint8Array, count: number, error: Err) => Status>;
  ep_pool_alloc: Call<(pool: PoolHandle, bytes: number, alignment: number) => bigint | null>;
  ep_pool_free: Call<(pool: PoolHandle, block: bigint | null) => void>;
  ep_pool_get_stats: Call<(pool: PoolHandle, out: Fill<PoolStats>) => void>;
  ep_pool_check: Call<(pool: PoolHandle, error: Err) => Status>;
  ep_pool_blocks: Call<(pool: PoolHandle, blocks: Uint8Array | null, capacity: number) => number>;
  ep_pool_fail_nth: Call<(pool: PoolHandle, n: number) => void>;
  ep_pool_record: Call<(pool: PoolHandle, capacity: number, error: Err) => Status>;
  ep_pool_records: Call<(pool: PoolHandle, records: Uint8Array | null, capacity: number) => number>;

  ep_runtime_open: Call<
    (
      region: RegionHandle,
      options: RuntimeOptionsStruct,
      out: Out<RuntimeHandle>,
      error: Err,
    ) => Status
  >;
  ep_runtime_close: Call<(runtime: RuntimeHandle, error: Err) => Status>;
  ep_runtime_get_stats: Call<(runtime: RuntimeHandle, out: Fill<RuntimeStats>) => void>;
  ep_runtime_pool: Call<(runtime: RuntimeHandle) => PoolHandle>;

  ep_model_check_file: Call<(path: string, maxFileBytes: number, error: Err) => Status>;
  ep_model_check_bytes: Call<
    (name: string, bytes: Uint8Array, sizeBytes: number, error: Err) => Status
  >;
  ep_model_load: Call<
    (
      runtime: RuntimeHandle,
      pool: PoolHandle | null,
      options: ModelOptionsStruct,
      out: Out<ModelHandle>,
      error: Err,
    ) => Status
  >;
  ep_model_unload: Call<(model: ModelHandle, reset: number, error: Err) => Status>;
  ep_model_get_info: Call<(model: ModelHandle, out: Fill<ModelInfo>) => void>;
  ep_model_input_info: Call<
    (model: ModelHandle, index: number, out: Fill<TensorInfoStruct>) => Status
  >;
  ep_model_output_info: Call<
    (model: ModelHandle, index: number, out: Fill<TensorInfoStruct>) => Status
  >;
  ep_model_write_input: Call<
    (model: ModelHandle, index: number, bytes: Uint8Array, sizeBytes: number, error: Err) => Status
  >;
  ep_model_read_output: Call<
    (model: ModelHandle, index: number, bytes: Uint8Array, sizeBytes: number, error: Err) => Status
  >;
  ep_model_resize_input: Call<
    (model: ModelHandle, index: number, shape: Int32Array, rank: number, error: Err) => Status
  >;
  ep_model_invoke: Call<(model: ModelHandle, stats: Fill<InvokeStats>, error: Err) => Status>;

  ep_model_park: Call<(model: ModelHandle, patienceNs: number, error: Err) => Status>;
  ep_model_pack: Call<(model: ModelHandle, error: Err) => Status>;
  ep_model_restore: Call<(model: ModelHandle, error: Err) => Status>;
  ep_model_get_parking: Call<(model: ModelHandle, out: Fill<ParkingStruct>) => void>;
  ep_model_read_packed: PackedCall;
  ep_model_send_away: Call<(model: ModelHandle, error: Err) => Status>;
  ep_model_write_packed: PackedCall;

  ep_model_sealed_bytes: Call<(model: ModelHandle, number: number) => number>;
  ep_model_seal_piece: SealedPieceCall;
  ep_model_keep_piece: Call<
    (model: ModelHandle, place: number, number: number, kept: Out<number>, error: Err) => Status
  >;
  ep_model_unseal_piece: SealedPieceCall;

  ep_events_create: Call<
    (capacity: number, out: Out<EventsHandle>, readFd: Out<number>, error: Err) => Status
  >;
  ep_events_destroy: Call<(events: EventsHandle) => void>;
  ep_events_drain: Call<(events: EventsHandle, out: Uint8Array, capacity: number) => number>;

  ep_ring_create: Call<
    (pool: PoolHandle, slots: number, slotBytes: number, out: Out<RingHandle>, error: Err) => Status
  >;
  ep_ring_fit: Call<(ring: RingHandle, slotBytes: number, error: Err) => Status>;
  ep_ring_destroy: Call<(ring: RingHandle, error: Err) => Status>;
  ep_ring_retain: Call<(ring: RingHandle, slot: number) => Status>;
  ep_ring_release: Call<(ring: RingHandle, slot: number) => Status>;
  ep_ring_slot: Call<(ring: RingHandle, slot: number) => bigint | null>;
  ep_ring_held: Call<(ring: RingHandle) => number>;

  ep_pattern_truth: Call<
    (
      seed: number,
      number: number,
      width: number,
      height: number,
      shapes: Uint8Array | null,
      capacity: number,
    ) => number
  >;
  ep_source_probe: Call<
    (options: SourceOptionsStruct, largest: Fill<FrameStruct>, error: Err) => Status
  >;
  ep_source_start: Call<
    (
      ring: RingHandle,
      events: EventsHandle,
      options: SourceOptionsStruct,
      out: Out<SourceHandle>,
      error: Err,
    ) => Status
  >;
  ep_source_stop: Call<(source: SourceHandle, error: Err) => Status>;
  ep_source_way: Call<(source: SourceHandle, text: Uint8Array, capacity: number) => void>;
  ep_source_rate: Call<(options: SourceOptionsStruct, fps: Out<number>, error: Err) => Status>;
  ep_recorder_start: Call<
    (
      ring: RingHandle,
      options: RecorderOptionsStruct,
      out: Out<RecorderHandle>,
      error: Err,
    ) => Status
  >;
  ep_recorder_offer: Call<(recorder: RecorderHandle, frame: Uint8Array, error: Err) => Status>;
  ep_recorder_get_stats: Call<(recorder: RecorderHandle, out: Fill<RecorderStats>) => void>;
  ep_recorder_stop: Call<(recorder: RecorderHandle, error: Err) => Status>;
  ep_recorder_destroy: Call<(recorder: RecorderHandle) => void>;
  ep_convert: Call<
    (
      pixels: bigint | Uint8Array,
      frame: Uint8Array,
      model: ModelHandle,
      index: number,
      options: ConvertOptionsStruct,
      error: Err,
    ) => Status
  >;
  ep_preview: Call<
    (
      pixels: bigint,
      frame: Uint8Array,
      width: number,
      jpeg: Uint8Array,
      capacity: number,
      bytes: BigUint64Array,
      error: Err,
    ) => Status
  >;
  ep_picture_decode: Call<
    (
      path: string,
      rgb: bigint | null,
      capacity: number,
      out: Fill<FrameStruct>,
      error: Err,
    ) => Status
  >;

  ep_worker_create: Call<
    (events: EventsHandle, name: string, out: Out<WorkerHandle>, error: Err) => Status
  >;
  ep_worker_submit: Call<
    (
      worker: WorkerHandle,
      model: ModelHandle,
      ring: RingHandle,
      frame: Uint8Array,
      options: Uint8Array,
      tag: number,
      error: Err,
    ) => Status
  >;
  ep_worker_destroy: Call<(worker: WorkerHandle, error: Err) => Status>;

  ep_worker_thread: Call<(worker: WorkerHandle) => number>;
  ep_source_thread: Call<(source: SourceHandle) => number>;
  ep_thread_schedule: Call<(thread: number, options: ThreadOptionsStruct, error: Err) => Status>;

  ep_threads_get_stats: Call<(out: Fill<ThreadStats>, error: Err) => Status>;

  ep_child_start: Call<
    (
      path: string,
      words: readonly (string | null)[],
      environment: readonly (string | null)[] | null,
      out: Fill<ChildStruct>,
      error: Err,
    ) => Status
  >;
  ep_child_wait: Call<(pid: number, out: Fill<ChildEndStruct>, error: Err) => Status>;

  ep_notify: Call<(address: string, text: string, error: Err) => Status>;
}
