/**
 * The configuration after defaults and validation: what `schema.json` describes, as types.
 * A change here is a change there; a test holds the two together.
 */

export type Fit = 'stretch' | 'crop' | 'letterbox';
export type LockMode = 'off' | 'preferred' | 'required';
export type PageMode = 'auto' | 'ordinary' | 'hugetlb';

export interface ModelConfig {
  /** Unique; by default the file's name without its ending. */
  name: string;
  /** Path of the .tflite file. */
  file: string;
  /** One label a line; a class without one is `class N`. */
  labels: string | null;
  /** Runs on every n-th frame. */
  every: number;
  threads: number;
  /** Milliseconds from capture to answer; null: the time until the model's next turn. */
  deadline_ms: number | null;
  /** Higher goes first. */
  priority: number;
  /** One or three values; null: automatic, see `ep_convert_options`. */
  mean: number[] | null;
  std: number[] | null;
  fit: Fit;
  delegate: 'auto' | 'none' | 'xnnpack';
}

export interface SourceConfig {
  kind: 'pattern' | 'still' | 'v4l2';
  /** still: file or folder; v4l2: device. */
  path: string | null;
  width: number;
  height: number;
  /** still folder: seconds each picture stands; 0: one frame. */
  each_seconds: number;
  seed: number;
}

export interface Config {
  version: 1;
  /** `edgepool-` and six hexadecimal digits by default. */
  device: string;
  region: {
    /** 0: what the models need plus the reserve. */
    capacity_mb: number;
    /** Share of the region that stays unassigned, 0.3 to 0.5 by default 0.3. */
    reserve: number;
    lock: LockMode;
    pages: PageMode;
    chunk_kb: 16 | 32 | 2048;
    mapping_budget: number;
  };
  runtime: {
    /** Shared library with the TensorFlow Lite C API; null: the one in the npm package. */
    library: string | null;
  };
  source: SourceConfig;
  fps: number;
  /** Empty: the job that set-up made. */
  models: ModelConfig[];
  mqtt: {
    /** mqtt://host:port, mqtts://..., `embedded` or `none`. */
    broker: string;
    base: string;
    username: string | null;
    password: string | null;
    state_seconds: number;
    /** What is kept while the broker is away. */
    queue_bytes: number;
    queue_seconds: number;
  };
  /** Seconds; null: until stopped. */
  duration_seconds: number | null;
  report: string | null;
  log_level: 'debug' | 'info' | 'warn' | 'error';
}
