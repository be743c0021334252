import { Pool } from '../../app/memory/pool.ts';
import { Region } from '../../app/memory/region.ts';
import { Model, type ModelOptions } from '../../app/models/model.ts';
import { Runtime } from '../../app/models/runtime.ts';
import { loadNative } from '../../app/native/library.ts';

export const MIB = 1024 * 1024;

/** A region with the runtime in it, and models in pools of their own: what most tests stand on. */
export class House {
  readonly region: Region;
  readonly runtime: Runtime;
  readonly #models: Model[] = [];

  constructor(capacityMib: number) {
    this.region = new Region(loadNative(), {
      capacityBytes: capacityMib * MIB,
      lock: 'off',
      pages: 'ordinary',
    });
    this.runtime = new Runtime(this.region);
  }

  async start(): Promise<void> {
    await this.region.start();
    await this.runtime.start();
  }

  /** Loads a model into a pool of `quotaMib`. */
  async load(options: ModelOptions, quotaMib: number, ends?: Uint8Array): Promise<Model> {
    const pool = new Pool(this.region, { name: options.name, quotaBytes: quotaMib * MIB });
    await pool.start();
    if (ends !== undefined) pool.place(ends);
    const model = new Model(this.runtime, pool, options);
    try {
      await model.start();
    } catch (error) {
      await pool.stop();
      throw error;
    }
    this.#models.push(model);
    return model;
  }

  /** Unloads every model that `load` gave. */
  async clear(): Promise<void> {
    for (const model of this.#models.splice(0)) {
      await model.stop();
      await model.pool.stop();
    }
  }

  async stop(): Promise<void> {
    await this.clear();
    await this.runtime.stop();
    await this.region.stop();
  }
}
