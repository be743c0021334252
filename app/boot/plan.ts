import type { Config, ModelConfig } from '../config/config.ts';
import { PatternSource } from '../frames/pattern-source.ts';
import { framesPoolBytes, type RingOptions } from '../frames/ring.ts';
import type { Source } from '../frames/source.ts';
import { StillSource } from '../frames/still-source.ts';
import type { PoolOptions } from '../memory/pool.ts';
import type { RegionOptions } from '../memory/region.ts';
import { loadLabels } from '../models/labels.ts';
import { RUNTIME_POOL_BYTES } from '../models/runtime.ts';
import { sha256File } from '../models/sha256.ts';
import { roundUp, sizeRegion } from '../models/sizing.ts';
import { trial, type Verdict } from '../models/trial.ts';
import type { Native } from '../native/native.ts';
import { slotsFor } from '../pipeline/pipeline.ts';
import { defaultJob } from './default-job.ts';
import { Interrupted } from './lifecycle.ts';

export interface PlannedModel {
  config: ModelConfig;
  labels: string[];
  sha256: string;
  /** Of its pool. */
  quotaBytes: number;
  chunkBytes: number;
}

/** What will run, and how much memory each part of it gets. */
export interface Plan {
  region: RegionOptions;
  /** How the region came to its size, for people. */
  sizing: string;
  models: PlannedModel[];
  source: Source;
  frames: { pool: PoolOptions; ring: RingOptions };
}

const MIB = 2 ** 20;

function sourceOf(native: Native, { source, fps }: Config): Source {
  const { kind, path, width, height, seed } = source;
  if (kind === 'pattern') return new PatternSource(native, { width, height, fps, seed });
  if (kind === 'v4l2') {
    throw new Error('source v4l2 is not supported in this version: use pattern or still:PATH');
  }
  if (path === null) {
    throw new Error('source.kind is still but source.path is null: name a picture or a folder');
  }
  return new StillSource(native, { path, fps, eachSeconds: source.each_seconds });
}

async function tryModel(model: ModelConfig, config: Config, signal: AbortSignal): Promise<Verdict> {
  const { file, name, threads, delegate } = model;
  const runtimeLibrary = config.runtime.library;
  const chunkBytes = config.region.chunk_kb * 1024;
  try {
    return await trial({ file, name, threads, delegate, chunkBytes, runtimeLibrary, signal });
  } catch (error) {
    throw signal.aborted ? new Interrupted() : error;
  }
}

/** Loads the model once in a child process, which shows whether it runs and what it needs. */
async function planModel(
  model: ModelConfig,
  config: Config,
  signal: AbortSignal,
): Promise<PlannedModel> {
  const chunkBytes = config.region.chunk_kb * 1024;
  const verdict = await tryModel(model, config, signal);
  if (!verdict.ok) throw new Error(verdict.message);
  return {
    config: model,
    labels: model.labels === null ? [] : await loadLabels(model.labels),
    sha256: await sha256File(model.file),
    quotaBytes: verdict.poolBytes,
    chunkBytes,
  };
}

function regionOf(config: Config, poolBytes: readonly number[]): Pick<Plan, 'region' | 'sizing'> {
  const { capacity_mb, reserve, lock, pages, mapping_budget } = config.region;
  const automatic = capacity_mb === 0;
  const capacityBytes = automatic ? sizeRegion(poolBytes, reserve) : Math.round(capacity_mb * MIB);
  const pools = poolBytes.reduce((sum, bytes) => sum + bytes, 0);
  return {
    region: { capacityBytes, lock, pages, mappingBudget: mapping_budget },
    sizing: automatic
      ? `pools ${(pools / MIB).toFixed(1)} MiB and ${Math.round(reserve * 100)} % reserve`
      : 'as configured',
  };
}

/** Fails on the first model that is refused, and where source or labels cannot be read. */
export async function makePlan(native: Native, config: Config, signal: AbortSignal): Promise<Plan> {
  const source = sourceOf(native, config);
  const slotBytes = source.probe().bytes;
  const configured = config.models.length > 0 ? config.models : defaultJob();
  const ring = { slots: slotsFor(configured.length), slotBytes };
  const models: PlannedModel[] = [];
  for (const model of configured) {
    if (signal.aborted) throw new Interrupted();
    models.push(await planModel(model, config, signal));
  }
  const chunkBytes = config.region.chunk_kb * 1024;
  const quotaBytes = roundUp(framesPoolBytes(ring), chunkBytes);
  const frames = { pool: { name: 'frames', quotaBytes, chunkBytes }, ring };
  const poolBytes = [RUNTIME_POOL_BYTES, quotaBytes, ...models.map((model) => model.quotaBytes)];
  return { ...regionOf(config, poolBytes), models, source, frames };
}
