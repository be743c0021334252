import assert from 'node:assert/strict';
import { Pool } from '../../app/memory/pool.ts';
import { Model } from '../../app/models/model.ts';
import type { DelegateName } from '../../app/native/constants.ts';
import type { House } from './house.ts';
import { answer } from './parked.ts';
import { modelName } from './shared.ts';

const MIB = 2 ** 20;
/** Address space; memory is taken as it is needed. */
const WINDOW_BYTES = 512 * MIB;
/** Inputs that a model is given in turn. */
const SALTS = 3;

export interface Setting {
  threads: number;
  delegate: DelegateName;
}

/** A model that is moved about, and what it has to answer wherever it was. */
export class Wanderer {
  readonly model: Model;
  readonly #expected: Buffer[] = [];
  /** Where a model keeps something from run to run: one that is never moved, and runs along. */
  #twin: Model | null = null;
  #runs = 0;

  private constructor(model: Model) {
    this.model = model;
  }

  static async load(house: House, file: string, setting: Setting): Promise<Wanderer> {
    const wanderer = new Wanderer(await load(house, file, setting, false));
    const { model } = wanderer;
    const first = Array.from({ length: SALTS }, (_, salt) => answer(model, salt));
    const again = Array.from({ length: SALTS }, (_, salt) => answer(model, salt));
    if (first.every((each, salt) => each.equals(again[salt] ?? Buffer.alloc(0)))) {
      wanderer.#expected.push(...first);
      return wanderer;
    }
    const twin = await load(house, file, setting, true);
    for (let run = 0; run < 2 * SALTS; run += 1) answer(twin, run % SALTS);
    wanderer.#twin = twin;
    return wanderer;
  }

  /** It answers to the next input, to the bit, and its heap is sound. */
  prove(where: string): void {
    const salt = this.#runs % SALTS;
    this.#runs += 1;
    const expected = this.#twin === null ? this.#expected[salt] : answer(this.#twin, salt);
    this.model.pool.check();
    assert.ok(expected?.equals(answer(this.model, salt)), `${this.model.name} ${where}`);
  }

  async unload(): Promise<void> {
    for (const model of [this.model, this.#twin]) {
      await model?.stop();
      await model?.pool.stop();
    }
  }
}

async function load(
  house: House,
  file: string,
  setting: Setting,
  unpooled: boolean,
): Promise<Model> {
  const name = modelName(file);
  const pool = new Pool(house.region, {
    ...{ name, quotaBytes: WINDOW_BYTES, plannedBytes: 0 },
  });
  await pool.start();
  const model = new Model(house.runtime, pool, { name, source: file, ...setting, unpooled });
  await model.start();
  await pool.trim(0);
  return model;
}
