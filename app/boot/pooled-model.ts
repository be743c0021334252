import { Pool } from '../memory/pool.ts';
import type { Region } from '../memory/region.ts';
import type { AnswerSettings } from '../models/answers/answer-reader.ts';
import { chooseReader } from '../models/answers/choose.ts';
import { externalDelegate } from '../models/external-delegate.ts';
import { Model } from '../models/model.ts';
import type { Runtime } from '../models/runtime.ts';
import { roundUp } from '../models/sizing.ts';
import { NativeError } from '../native/native-error.ts';
import type { LaneOptions } from '../pipeline/lane.ts';
import type { Log } from '../telemetry/log.ts';
import type { Part } from './part.ts';
import type { ModelPool, PlannedModel } from './plan.ts';

/** By what share of its first quota a pool grows that turns out too small. */
const GROWTH = 0.25;

const PIXEL_TYPES: readonly string[] = ['float32', 'int8', 'uint8'];
const CHANNELS: readonly (number | undefined)[] = [1, 3];

/** Throws where the model's input is no picture: no frame could ever be laid into it. */
function requirePicture({ name, inputs: [input] }: Model): void {
  const { shape = [], type = 'none' } = input ?? {};
  const laid = shape.length === 4 && shape[0] === 1 && CHANNELS.includes(shape[3]);
  if (laid && PIXEL_TYPES.includes(type)) return;
  throw new Error(
    `model ${name}: its input is ${shape.join(' x ')} of ${type}, no picture: use a model that ` +
      'takes 1 x height x width x 3 (or 1) of float32, int8 or uint8',
  );
}

/**
 * A model in the pool that is planned for it. In the trial that size was enough; where several
 * threads lay their blocks in another order this time, and the holes between them are too small,
 * the pool grows and the load is tried again, within the window.
 */
export class PooledModel implements Part {
  readonly planned: PlannedModel;
  readonly pool: Pool;
  readonly model: Model;
  /** When and how the model gets frames. */
  readonly lane: LaneOptions;
  readonly #answers: AnswerSettings;
  readonly #log: Log;
  readonly #sizes: ModelPool;

  constructor(region: Region, runtime: Runtime, planned: PlannedModel, log: Log) {
    this.planned = planned;
    const { config, answers, sha256, pool } = planned;
    const { name, file, threads, delegate } = config;
    const { mappedBytes: plannedBytes, ends: _, unused: unpooled, ...sizes } = pool;
    this.pool = new Pool(region, { name, plannedBytes, ...sizes });
    const external = externalDelegate(config);
    const options = { name, source: file, threads, delegate, external, sha256, unpooled };
    this.model = new Model(runtime, this.pool, options);
    const { every, fps, deadline_ms: deadlineMs, priority, sources, fit, mean, std } = config;
    const turns = { every, fps, deadlineMs, priority, sources };
    const { cpus, realtime } = config;
    this.lane = { model: this.model, ...turns, cpus, realtime, fit, mean, std, answers };
    this.#answers = answers;
    this.#log = log;
    this.#sizes = pool;
  }

  async start(): Promise<void> {
    await this.pool.start();
    await this.#load();
    // What the load alone needed lies behind what stays, for others to have.
    await this.pool.trim(0);
    requirePicture(this.model);
    // A task that does not fit the outputs is told now, not on the first frame.
    const { name, inputs, outputs } = this.model;
    chooseReader(name, inputs[0]?.shape ?? [], outputs, this.#answers);
  }

  /** Loads the model anew, into the pool that it had, whatever became of its memory. */
  async reload(): Promise<void> {
    await this.model.stop();
    await this.pool.grow(this.#sizes.mappedBytes);
    await this.#load();
    await this.pool.trim(0);
  }

  async stop(): Promise<void> {
    await this.model.stop();
    await this.pool.stop();
  }

  async #load(): Promise<void> {
    const { quotaBytes, windowBytes: most, chunkBytes, ends } = this.#sizes;
    const step = roundUp(quotaBytes * GROWTH, chunkBytes);
    for (let quota = quotaBytes; ; ) {
      this.pool.place(ends);
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
}
