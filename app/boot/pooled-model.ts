import { Pool } from '../memory/pool.ts';
import type { Region } from '../memory/region.ts';
import { Model } from '../models/model.ts';
import type { Runtime } from '../models/runtime.ts';
import { roundUp } from '../models/sizing.ts';
import { NativeError } from '../native/native-error.ts';
import type { LaneOptions } from '../pipeline/lane.ts';
import type { Log } from '../telemetry/log.ts';
import type { Part } from './part.ts';
import type { PlannedModel } from './plan.ts';

/** Address space of a pool, in quotas: as far as it may grow. */
const WINDOW_QUOTAS = 2;
/** By what share of its first quota a pool grows that turns out too small. */
const GROWTH = 0.25;

/**
 * A model in the pool that its plan asks for. The plan knows the peak of live bytes, not where they
 * will lie: where the holes between them make the pool too small, it grows and the load is tried
 * again, within the window.
 */
export class PooledModel implements Part {
  readonly pool: Pool;
  readonly model: Model;
  /** When and how the model gets frames. */
  readonly lane: LaneOptions;
  readonly #log: Log;
  readonly #chunkBytes: number;
  readonly #plannedBytes: number;

  constructor(region: Region, runtime: Runtime, planned: PlannedModel, log: Log) {
    const { config, labels, sha256, quotaBytes, chunkBytes } = planned;
    const { name, file, threads, delegate } = config;
    const windowBytes = quotaBytes * WINDOW_QUOTAS;
    this.pool = new Pool(region, { name, quotaBytes, chunkBytes, windowBytes });
    const options = { name, source: file, threads, delegate, labels, sha256 };
    this.model = new Model(runtime, this.pool, options);
    const { every, deadline_ms: deadlineMs, priority, fit, mean, std } = config;
    this.lane = { model: this.model, every, deadlineMs, priority, fit, mean, std };
    this.#log = log;
    this.#chunkBytes = chunkBytes;
    this.#plannedBytes = quotaBytes;
  }

  async start(): Promise<void> {
    await this.pool.start();
    const step = roundUp(this.#plannedBytes * GROWTH, this.#chunkBytes);
    const most = this.#plannedBytes * WINDOW_QUOTAS;
    for (let quota = this.#plannedBytes; ; ) {
      try {
        await this.model.start();
        return;
      } catch (error) {
        const full = error instanceof NativeError && error.status === 'EP_E_POOL_FULL';
        if (!full || quota + step > most) throw error;
        quota += step;
        this.pool.setQuota(quota);
        await this.pool.grow(quota);
        this.#log.debug(`pool ${this.pool.name} grows to ${quota} bytes`);
      }
    }
  }

  async stop(): Promise<void> {
    await this.model.stop();
    await this.pool.stop();
  }
}
