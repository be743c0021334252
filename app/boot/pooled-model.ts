import { Pool } from '../memory/pool.ts';
import type { Region } from '../memory/region.ts';
import { Model } from '../models/model.ts';
import type { Runtime } from '../models/runtime.ts';
import type { LaneOptions } from '../pipeline/lane.ts';
import type { PlannedModel } from './plan.ts';

/** A model, not loaded yet, with the pool that its plan asks for. */
export function pooledModel(region: Region, runtime: Runtime, planned: PlannedModel): Model {
  const { config, labels, sha256 } = planned;
  const { name, file, threads, delegate } = config;
  const pool = new Pool(region, planned.pool);
  return new Model(runtime, pool, { name, source: file, threads, delegate, labels, sha256 });
}

/** When and how the model gets frames. */
export function laneOf(model: Model, { config }: PlannedModel): LaneOptions {
  const { every, deadline_ms: deadlineMs, priority, fit, mean, std } = config;
  return { model, every, deadlineMs, priority, fit, mean, std };
}
