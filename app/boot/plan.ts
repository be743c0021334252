import {
  type PlanFile,
  type PlannedPool,
  planBeside,
  plannedPool,
  readPlanFile,
} from '../analysis/plan-file.ts';
import { type RuntimeIdentity, runtimeIdentity } from '../analysis/runtime-identity.ts';
import type { Config, ModelConfig, SourceConfig } from '../config/config.ts';
import { GstSource } from '../frames/gst-source.ts';
import { PatternSource } from '../frames/pattern-source.ts';
import { RECORDED_FRAMES_WAITING, type RecorderOptions } from '../frames/recorder.ts';
import { framesHugeBytes, framesPool, type RingOptions } from '../frames/ring.ts';
import type { Source } from '../frames/source.ts';
import { StillSource } from '../frames/still-source.ts';
import { V4l2Source } from '../frames/v4l2-source.ts';
import { Y4mSource } from '../frames/y4m-source.ts';
import { hasHugePages } from '../memory/huge-pages.ts';
import type { PoolOptions } from '../memory/pool.ts';
import type { RegionOptions } from '../memory/region.ts';
import { loadAnchors } from '../models/anchors.ts';
import type { AnswerSettings } from '../models/answers/answer-reader.ts';
import { externalDelegate } from '../models/external-delegate.ts';
import { loadLabels } from '../models/labels.ts';
import { RUNTIME_POOL_BYTES } from '../models/runtime.ts';
import { sha256File } from '../models/sha256.ts';
import { inHugePages, sizeRegion } from '../models/sizing.ts';
import { trial, type Verdict } from '../models/trial.ts';
import { BESIDE_FRAMES } from '../native/child.ts';
import { EP_COMPRESSION_BYTES } from '../native/constants.ts';
import type { Native } from '../native/native.ts';
import { slotsFor } from '../pipeline/pipeline.ts';
import { type Candidate, chooseModels, type Origin, type Refused } from './choose-models.ts';
import { defaultJob } from './default-job.ts';
import { Interrupted } from './lifecycle.ts';
import { bytesOf, MIB } from './mib.ts';

export interface PlannedModel {
  config: ModelConfig;
  /** How its outputs become an answer. */
  answers: AnswerSettings;
  sha256: string;
  pool: ModelPool;
}

/** What a model's pool is made with. */
export interface ModelPool {
  /** Mapped before the load begins: the least in which the model was seen to load and run. */
  mappedBytes: number;
  /** What it may map at most: the peak and a fifth more. */
  quotaBytes: number;
  /** Address space, as far as the quota may be raised where the model turns out to need more. */
  windowBytes: number;
  chunkBytes: number;
  /** Where each of the load's blocks goes: `Pool.place`. */
  ends: Uint8Array;
  /** The model is loaded beside it: `runtime.pools` is false. */
  unused: boolean;
}

/** What will run, and how much memory each part of it gets. */
export interface Plan {
  region: RegionOptions;
  /** How the region came to its size, for people. */
  sizing: string;
  models: PlannedModel[];
  cameras: PlannedCamera[];
  /** Where the models come from. */
  origin: Origin;
  /** Models that were left out. */
  refused: Refused[];
}

/** A source and the memory for its frames. */
export interface PlannedCamera {
  name: string;
  source: Source;
  fps: number;
  pool: PoolOptions;
  ring: RingOptions;
  /** Of the thread that captures. */
  cpus: readonly number[] | null;
  realtime: number;
  /** The file that keeps its frames. */
  record: RecorderOptions | null;
}

/** Address space of a pool without a plan, in quotas. */
const WINDOW_QUOTAS = 2;
/** More of it for a model whose input follows the frames: its arena may take it from the reserve. */
const FOLLOWING_BYTES = 256 * MIB;
/** Models that may come while frames flow, beyond those from the start, and find slots. */
const SPARE_MODELS = 1;

const NEEDS_PATH = {
  still: 'a picture or a folder',
  v4l2: 'a device such as /dev/video0',
  y4m: 'a file',
} as const;

/** The name of a source that has none. */
const ONLY_SOURCE = 'camera';

/** Every source by its name, in order: those of `sources`, else the one of `source`. */
function sourcesOf({ source, sources }: Config): [string, SourceConfig][] {
  const named = Object.entries(sources);
  return named.length > 0 ? named : [[ONLY_SOURCE, source]];
}

function sourceOf(native: Native, config: SourceConfig, fps: number, awaited: boolean): Source {
  const { kind, path, width, height, seed } = config;
  if (kind === 'pattern') return new PatternSource(native, { width, height, fps, seed });
  if (kind === 'gst') return new GstSource(native, pipelineOf(config), fps);
  if (path === null) {
    throw new Error(`source.kind is ${kind} but source.path is null: name ${NEEDS_PATH[kind]}`);
  }
  if (kind === 'v4l2') return new V4l2Source(native, { path, width, height, fps, awaited });
  if (kind === 'y4m') return new Y4mSource(native, path, fps);
  return new StillSource(native, { path, fps, eachSeconds: config.each_seconds });
}

function pipelineOf({ pipeline }: SourceConfig): string {
  if (pipeline !== null) return pipeline;
  throw new Error('source.kind is gst but source.pipeline is null: give the elements of one');
}

async function tryModel(model: ModelConfig, config: Config, signal: AbortSignal): Promise<Verdict> {
  const { file, name, threads, delegate } = model;
  const runtimeLibrary = config.runtime.library;
  const chunkBytes = config.region.chunk_kb * 1024;
  const external = externalDelegate(model);
  const options = { file, name, threads, delegate, external, runtimeLibrary, chunkBytes, signal };
  try {
    return await trial({ ...options, niceness: BESIDE_FRAMES });
  } catch (error) {
    throw signal.aborted ? new Interrupted() : error;
  }
}

/** Loads the model once in a child process, which shows whether it runs and what it needs. */
async function poolByTrial(
  model: ModelConfig,
  config: Config,
  signal: AbortSignal,
): Promise<ModelPool> {
  const verdict = await tryModel(model, config, signal);
  if (!verdict.ok) throw new Error(verdict.message);
  const [{ chunkBytes, mappedBytes, poolBytes: quotaBytes }] = verdict.fits;
  const twice = quotaBytes * WINDOW_QUOTAS;
  const windowBytes = verdict.openSize ? twice + FOLLOWING_BYTES : twice;
  const { ends } = verdict;
  const unused = !config.runtime.pools;
  // An empty pool has one chunk.
  if (unused) return { ...empty(chunkBytes), unused };
  return { chunkBytes, mappedBytes, quotaBytes, windowBytes, ends, unused };
}

function empty(chunkBytes: number): Omit<ModelPool, 'unused'> {
  const sizes = { mappedBytes: chunkBytes, quotaBytes: chunkBytes, windowBytes: chunkBytes };
  return { chunkBytes, ...sizes, ends: new Uint8Array() };
}

/** Nothing is tried and nothing grows past the plan: what it says is what was seen. */
function poolByPlan(pool: PlannedPool): ModelPool {
  const { chunk_bytes: chunkBytes, mapped_bytes: mappedBytes, quota_bytes: quotaBytes } = pool;
  const ends = Buffer.from(pool.ends, 'hex');
  return { chunkBytes, mappedBytes, quotaBytes, windowBytes: quotaBytes, ends, unused: false };
}

/** The plan that the configuration names, with what it must agree with. */
interface GivenPlan {
  file: string;
  plan: PlanFile;
  runtime: RuntimeIdentity;
}

async function givenPlan({ plan: file, runtime }: Config): Promise<GivenPlan | null> {
  if (file === null) return null;
  return { file, plan: readPlanFile(file), runtime: await runtimeIdentity(runtime.library) };
}

async function answersOf(model: ModelConfig): Promise<AnswerSettings> {
  const { task, score, overlap, scores, top, anchor_side: side, anchors: file } = model;
  const rows = file === null ? null : { rows: await loadAnchors(file) };
  return {
    ...{ task, score, overlap, scores, top },
    anchors: rows ?? (side === null ? null : { side }),
    labels: model.labels === null ? [] : await loadLabels(model.labels),
  };
}

/** Plans one model by the configured plan, else by a trial. Throws one line where it is refused. */
export async function planModel(
  model: ModelConfig,
  config: Config,
  signal: AbortSignal,
): Promise<PlannedModel> {
  return planOne(model, config, await givenPlan(config), signal);
}

/** What a plan has for the model: the configured one, else one beside the model that is for it. */
async function findPool(
  model: ModelConfig,
  config: Config,
  given: GivenPlan | null,
  sha256: () => Promise<string>,
): Promise<PlannedPool | null> {
  if (!config.runtime.pools) return null;
  const { file, threads, delegate } = model;
  const wanted = { file, threads, delegate, sha256 };
  if (given === null) return planBeside(wanted, config.runtime.library);
  const { runtime, plan } = given;
  return plannedPool(given.file, plan, { ...wanted, runtime, sha256: await sha256() });
}

async function planOne(
  model: ModelConfig,
  config: Config,
  given: GivenPlan | null,
  signal: AbortSignal,
): Promise<PlannedModel> {
  let known: Promise<string> | null = null;
  const sha256 = () => {
    known ??= sha256File(model.file);
    return known;
  };
  const planned = await findPool(model, config, given, sha256);
  return {
    config: model,
    pool: planned === null ? await poolByTrial(model, config, signal) : poolByPlan(planned),
    answers: await answersOf(model),
    sha256: await sha256(),
  };
}

/** The pools that the configured sources need with so many models on each, in bytes. */
export function framesBytes(native: Native, config: Config, models: number): number {
  const cameras = planCameras(native, config, () => models);
  return cameras.reduce((sum, { pool }) => sum + pool.quotaBytes, 0);
}

/** `models`: how many get frames of the source of that name. */
function planCameras(
  native: Native,
  config: Config,
  models: (source: string) => number,
): PlannedCamera[] {
  const chunkBytes = config.region.chunk_kb * 1024;
  const all = sourcesOf(config);
  const awaited = config.recovery.absent_cameras === 'wait';
  return all.map(([name, settings]) => {
    const fps = settings.fps ?? config.fps;
    const source = sourceOf(native, settings, fps, awaited);
    const record = recordOf(config, name, source);
    const waiting = record === null ? 0 : RECORDED_FRAMES_WAITING;
    const slots = slotsFor(models(name) + SPARE_MODELS) + waiting + source.heldSlots;
    const ring = { slots, slotBytes: source.probe().bytes };
    const poolName = all.length === 1 ? 'frames' : `frames ${name}`;
    const pool = framesPool(poolName, ring, chunkBytes);
    const { cpus, realtime } = settings;
    return { name, source, fps, ring, cpus, realtime, pool, record };
  });
}

/** How the frames of a source are kept. */
function recordOf(config: Config, name: string, source: Source): RecorderOptions | null {
  const { file, max_mb } = config.record;
  if (file === null || recordedSource(config) !== name) return null;
  return { file, maxBytes: bytesOf(max_mb), fps: source.rate() };
}

/** Throws where it is not clear which source is recorded. */
function recordedSource(config: Config): string {
  const names = sourcesOf(config).map(([name]) => name);
  const { source } = config.record;
  const [only = ''] = names;
  if (source === null && names.length === 1) return only;
  if (source !== null && names.includes(source)) return source;
  const which = source === null ? 'is null, and there are several' : `${source} is no source`;
  throw new Error(`record.source ${which}: name one of ${names.join(', ')}`);
}

/** Throws where a model wants frames of a source that there is not. */
function requireSources(models: readonly ModelConfig[], config: Config): void {
  const names = sourcesOf(config).map(([name]) => name);
  for (const { name: model, sources } of models) {
    const unknown = sources?.find((name) => !names.includes(name));
    if (unknown === undefined) continue;
    throw new Error(
      `model ${model}: no source is named ${unknown}; there are: ${names.join(', ')}`,
    );
  }
}

type Parts = Pick<Plan, 'models' | 'cameras'>;

/** What all pools take of a region of reserved huge pages: small slots and models fill theirs badly. */
export function hugeBytes({ models, cameras }: Parts): number {
  const rings = cameras.map(({ ring, pool }) => framesHugeBytes(ring, pool.chunkBytes ?? 0));
  return inHugePages([RUNTIME_POOL_BYTES, ...rings, ...models.map(({ pool }) => pool.quotaBytes)]);
}

function regionOf(config: Config, parts: Parts): Pick<Plan, 'region' | 'sizing'> {
  const { capacity_mb, reserve, lock, pages, mapping_budget } = config.region;
  const { compress } = config.parking;
  const automatic = capacity_mb === 0;
  const compressionBytes = compress === 'none' ? 0 : EP_COMPRESSION_BYTES;
  const poolBytes = [
    compressionBytes,
    RUNTIME_POOL_BYTES,
    ...parts.cameras.map(({ pool }) => pool.quotaBytes),
    ...parts.models.map(({ pool }) => pool.quotaBytes),
  ];
  // What whole pages take beyond the quotas comes out of the reserve, as far as that goes.
  const leastBytes = hasHugePages() ? compressionBytes + hugeBytes(parts) : 0;
  const capacityBytes = automatic
    ? Math.max(sizeRegion(poolBytes, reserve), leastBytes)
    : bytesOf(capacity_mb);
  const pools = poolBytes.reduce((sum, bytes) => sum + bytes, 0);
  return {
    region: { capacityBytes, lock, pages, mappingBudget: mapping_budget, compress },
    sizing: automatic
      ? `pools ${(pools / MIB).toFixed(1)} MiB and ${Math.round(reserve * 100)} % reserve`
      : 'as configured',
  };
}

export interface PlanOptions {
  /** Sets of models to run, in the order in which they are tried; by default the configured one. */
  candidates?: readonly [Candidate, ...Candidate[]];
  /** Hears what it does next. */
  onStep?: (what: string) => void;
}

/** What is configured, else the job that set-up made. */
export function configuredModels({ models }: Config): Candidate {
  return { origin: 'configured', models: models.length > 0 ? models : defaultJob() };
}

/** Fails where source or labels cannot be read, and on the first model that is refused, or on the
 *  last where refused ones are left out. */
export async function makePlan(
  native: Native,
  config: Config,
  signal: AbortSignal,
  { candidates = [configuredModels(config)], onStep }: PlanOptions = {},
): Promise<Plan> {
  // What is wrong with a source is told before any model is tried.
  camerasFor(native, config, candidates[0].models);
  const given = await givenPlan(config);
  const { candidate, models, refused } = await chooseModels({
    candidates,
    leavesOut: config.recovery.refused_models === 'leave_out',
    plan: (model) => {
      onStep?.(`trying model ${model.name}`);
      return planOne(model, config, given, signal);
    },
    signal,
  });
  const cameras = camerasFor(native, config, candidate.models);
  return {
    ...regionOf(config, { models, cameras }),
    models,
    cameras,
    origin: candidate.origin,
    refused,
  };
}

function camerasFor(
  native: Native,
  config: Config,
  models: readonly ModelConfig[],
): PlannedCamera[] {
  requireSources(models, config);
  const gets = (name: string) => models.filter(({ sources }) => sources?.includes(name) ?? true);
  return planCameras(native, config, (name) => gets(name).length);
}
