import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makePlan } from '../../app/boot/plan.ts';
import { PooledModel } from '../../app/boot/pooled-model.ts';
import { loadConfig } from '../../app/config/load.ts';
import { Region } from '../../app/memory/region.ts';
import { Runtime } from '../../app/models/runtime.ts';
import { loadNative } from '../../app/native/library.ts';
import { NativeError } from '../../app/native/native-error.ts';
import { ROOT } from '../support/root.ts';
import { recorded } from '../support/silent.ts';

const native = loadNative();
const values = { models: [{ file: `${ROOT}build/models/tiny.tflite` }] };
const flags = { values, usage: true, subject: (path: readonly unknown[]) => path.join('.') };
const config = loadConfig({ file: null, environment: {}, flags });
const plan = await makePlan(native, config, new AbortController().signal);
const plannedModel = plan.models[0] ?? assert.fail('nothing is planned');

/** Loads the model with this share of the quota that its plan asks for. */
async function load(share: number) {
  const region = new Region(native, { ...plan.region, lock: 'off' });
  const runtime = new Runtime(region);
  const log = recorded();
  const quotaBytes = Math.ceil((plannedModel.pool.quotaBytes * share) / 16384) * 16384;
  const mappedBytes = Math.min(plannedModel.pool.mappedBytes, quotaBytes);
  const windowBytes = 2 * quotaBytes;
  const pool = { ...plannedModel.pool, quotaBytes, mappedBytes, windowBytes };
  const model = new PooledModel(region, runtime, { ...plannedModel, pool }, log);
  await region.start();
  await runtime.start();
  try {
    await model.start();
    return { peak: model.pool.stats().peak_live_bytes, stats: model.pool.stats(), quotaBytes, log };
  } finally {
    await model.stop();
    await runtime.stop();
    await region.stop();
  }
}

test('a pool of the planned size is enough, and stays as it is', async () => {
  const { stats, quotaBytes, log } = await load(1);
  assert.equal(stats.quota_bytes, quotaBytes);
  assert.ok(stats.peak_live_bytes <= stats.mapped_bytes);
  assert.deepEqual(log.lines, []);
});

test('a pool that is too small grows until its model fits', async () => {
  const { stats, quotaBytes, log } = await load(0.6);
  assert.ok(stats.quota_bytes > quotaBytes);
  assert.ok(stats.peak_live_bytes > quotaBytes);
  assert.match(log.lines[0] ?? '', /^debug pool tiny grows to \d+ bytes$/);
});

test('a pool that is too small by far is refused, with what was asked for', async () => {
  await assert.rejects(load(0.2), (error: Error) => {
    assert.ok(error instanceof NativeError);
    assert.equal(error.status, 'EP_E_POOL_FULL');
    assert.ok(error.requestedBytes > error.largestFreeBytes);
    return true;
  });
});
