/** The guard: no model may come to need more memory unnoticed. `make baseline` renews on purpose. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { analyseModel } from '../../app/analysis/analyse-model.ts';
import {
  type Baseline,
  type BaselineEntry,
  baselineEntry,
  regressions,
} from '../../app/analysis/baseline.ts';
import {
  MODELS,
  madeModels,
  modelFile,
  modelName,
  testWithMade,
  testWithShared,
} from '../support/shared.ts';

const baseline: Baseline = JSON.parse(
  readFileSync(new URL('../baseline.json', import.meta.url), 'utf8'),
);

async function guard(files: readonly string[]): Promise<void> {
  const found: string[] = [];
  for (const file of files) {
    const name = modelName(file);
    const was = baseline[name];
    if (was === undefined) {
      found.push(`${name}: has no baseline`);
      continue;
    }
    const is = baselineEntry(await analyseModel(file, { threads: 1, library: null }));
    found.push(...regressions(name, was, is));
  }
  assert.deepEqual(found, [], `\n${found.join('\n')}\nOn purpose? Then: make baseline\n`);
}

testWithMade('no model that set-up makes needs more memory than its baseline', () =>
  guard(madeModels()),
);

testWithShared('no model beside the checkout needs more memory than its baseline', () =>
  guard(MODELS.map(modelFile)),
);

const was: BaselineEntry = {
  peak_bytes: 1_000_000,
  pool_bytes: 2_000_000,
  quota_bytes: 3_000_000,
  allocations: 1000,
  external_fragmentation: 0.002,
};

test('growth by 3 % passes, by more fails with the name, the figure and by how much', () => {
  assert.deepEqual(regressions('m', was, { ...was, peak_bytes: 1_030_000, allocations: 10 }), []);
  assert.deepEqual(regressions('m', was, { ...was, peak_bytes: 1_040_000 }), [
    'm: peak_bytes grew by 4.0 % from 1000000 to 1040000',
  ]);
  assert.match(regressions('m', was, { ...was, allocations: 1031 })[0] ?? '', /by 3\.1 %/);
  assert.match(regressions('m', was, { ...was, quota_bytes: 4_000_000 })[0] ?? '', /quota_bytes/);
});

test('one chunk more is no growth of a small pool', () => {
  const small = { ...was, pool_bytes: 300_000 };
  assert.deepEqual(regressions('m', small, { ...small, pool_bytes: 332_768 }), []);
  assert.equal(regressions('m', small, { ...small, pool_bytes: 340_000 }).length, 1);
});

test('external fragmentation above 1 % fails, whatever the baseline', () => {
  const bad = (share: number, before = was) =>
    regressions('m', before, { ...before, external_fragmentation: share });
  assert.deepEqual(bad(0.0099), []);
  assert.deepEqual(bad(0.0123), ['m: external_fragmentation is 1.23 %, was 0.20 %, may be 1.00 %']);
  const above = { ...was, external_fragmentation: 0.04 };
  assert.equal(bad(0.04, above).length, 1);
});
