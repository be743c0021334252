/**
 * One process of `edgepool bench park`: loads a model, brings it to a place outside of the process
 * and back again and again, and prints one line of JSON.
 *
 *   park-child.mjs '{"file": "...", "poolBytes": 12345678, "rounds": 5, "folder": "...", ...}'
 */
import { randomFillSync } from 'node:crypto';
import { writeSync } from 'node:fs';
import { Pool } from '../memory/pool.ts';
import { Region } from '../memory/region.ts';
import { Model } from '../models/model.ts';
import { RUNTIME_POOL_BYTES, Runtime } from '../models/runtime.ts';
import { loadNative } from '../native/library.ts';
import { DiskStore } from '../parking/disk-store.ts';
import { NeighbourStore } from '../parking/neighbour-store.ts';
import { OutsidePlace } from '../parking/outside-place.ts';
import type { Store } from '../parking/store.ts';

export interface ParkTask {
  file: string;
  /** That the model needs to be loaded and run. */
  poolBytes: number;
  rounds: number;
  /** The place disk. */
  folder: string | null;
  /** The place neighbour. */
  url: string | null;
}

/** Of each round: all of the model is given to the place, later what has changed after a run. */
export interface ParkAnswer {
  whole_ms: number[];
  whole_bytes: number[];
  changed_ms: number[];
  changed_bytes: number[];
  restore_ms: number[];
}

/** Blocks lie elsewhere than in the trial. */
const SPARE = 1.5;
const PATIENCE_MS = 1000;
/** What was left at the place goes meanwhile. */
const PAUSE_MS = 100;
const BESIDE_BYTES = 4 * 2 ** 20;

function storeOf({ folder, url }: ParkTask): Store {
  if (folder !== null) return new DiskStore(folder);
  const access = { username: null, password: null, ca: null };
  return new NeighbourStore({ url: url ?? '', ...access, expirySeconds: 600, timeoutMs: 10_000 });
}

async function load({ file, poolBytes }: ParkTask): Promise<Model> {
  const quotaBytes = Math.ceil(poolBytes * SPARE);
  const capacityBytes = quotaBytes + RUNTIME_POOL_BYTES + BESIDE_BYTES;
  const region = new Region(loadNative(), { capacityBytes, lock: 'off', pages: 'auto' });
  await region.start();
  const runtime = new Runtime(region);
  await runtime.start();
  const pool = new Pool(region, { name: 'parked', quotaBytes });
  await pool.start();
  const model = new Model(runtime, pool, { name: 'parked', source: file });
  await model.start();
  await pool.trim(0);
  return model;
}

/** Its tensors hold something else afterwards. */
function run(model: Model): void {
  model.inputs.forEach(({ bytes }, index) => {
    model.writeInput(index, randomFillSync(new Uint8Array(bytes)));
  });
  model.invokeNow();
}

async function main(task: ParkTask): Promise<void> {
  const model = await load(task);
  const place = new OutsidePlace({
    ...{ store: storeOf(task), boundBytes: Number.MAX_SAFE_INTEGER, boundSetting: '' },
    patienceMs: PATIENCE_MS,
    reload: async () => {
      throw new Error('what was parked did not come back');
    },
    tell: () => undefined,
  });
  await place.start();
  const answer: ParkAnswer = {
    ...{ whole_ms: [], whole_bytes: [], changed_ms: [], changed_bytes: [], restore_ms: [] },
  };
  const round = async (ms: number[], bytes: number[]) => {
    run(model);
    const { written_bytes: before } = place.figures();
    const begin = performance.now();
    await place.park(model);
    const parked = performance.now();
    await place.restore(model);
    answer.restore_ms.push(performance.now() - parked);
    ms.push(parked - begin);
    bytes.push(place.figures().written_bytes - before);
  };
  for (let count = 0; count < task.rounds; count += 1) {
    place.forget(model);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    await round(answer.whole_ms, answer.whole_bytes);
    await round(answer.changed_ms, answer.changed_bytes);
  }
  await place.stop();
  writeSync(1, `${JSON.stringify(answer)}\n`);
  process.exit(0);
}

await main(JSON.parse(process.argv[2] ?? '{}'));
