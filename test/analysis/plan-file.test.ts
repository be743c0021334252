import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { analyseModel } from '../../app/analysis/analyse-model.ts';
import { makePlanFile, plannedPool, readPlanFile } from '../../app/analysis/plan-file.ts';
import { planSchema } from '../../app/analysis/plan-schema.ts';
import { trial } from '../../app/models/trial.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { MODELS, madeModels, modelFile, testWithMade, testWithShared } from '../support/shared.ts';

const scratch = scratchFolder();
const file = `${ROOT}build/models/tiny.tflite`;
const model = await analyseModel(file, { threads: 1, library: null });
const runtime = { sha256: 'a'.repeat(64), machine: 'x64' };
const plan = makePlanFile([model], { runtime, runtimeBytes: 1, framesBytes: 1, reserve: 0.1 });
const wanted = { file, sha256: model.sha256, threads: 1, delegate: 'auto', runtime } as const;

test('docs/plan.schema.json is the schema (scripts/write-docs.ts writes it)', () => {
  const committed = readFileSync(new URL('../../docs/plan.schema.json', import.meta.url), 'utf8');
  assert.deepEqual(JSON.parse(committed), planSchema);
});

test('a plan that was written is read back as it was', () => {
  const written = scratch.write('plan.json', JSON.stringify(plan));
  assert.deepEqual(readPlanFile(written), plan);
  assert.equal(plan.region.reserve, 0.3);
  assert.deepEqual(plannedPool(written, plan, wanted), model.analysis.pool);
});

test('what is no plan is refused in one line that names the place', () => {
  const [entry] = plan.models;
  const cases: [unknown, RegExp][] = [
    ['{', /plan .*p\.json: is no JSON; make it again/],
    [{ ...plan, version: 2 }, /plan .*p\.json: version must be equal to constant/],
    [{ ...plan, models: [] }, /models must NOT have fewer than 1 items/],
    [{ ...plan, models: [{ ...entry, sha256: 'x' }] }, /models\.0\.sha256 must match/],
    [{ ...plan, extra: 1 }, /the whole must NOT have additional properties/],
  ];
  for (const [content, message] of cases) {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    assert.throws(() => readPlanFile(scratch.write('p.json', text)), message);
  }
  assert.throws(
    () => readPlanFile(`${scratch.path}/none.json`),
    /none\.json: cannot be read \(ENOENT\)/,
  );
});

test('a plan for another file, runtime, delegate or number of threads is refused', () => {
  const refused = (change: object, message: RegExp) =>
    assert.throws(() => plannedPool('p.json', plan, { ...wanted, ...change }), message);
  refused(
    { sha256: 'b'.repeat(64) },
    /^Error: plan p\.json: made for another .*tiny\.tflite \(SHA/,
  );
  refused({ sha256: 'b'.repeat(64), file: 'other.tflite' }, /no model with the SHA-256 of other/);
  refused({ threads: 2 }, /with threads 1 and delegate auto, the configuration has 2 and auto/);
  refused({ delegate: 'none' }, /the configuration has 1 and none/);
  refused({ runtime: { ...runtime, machine: 'arm64' } }, /another TensorFlow Lite library/);
  refused({ runtime: { ...runtime, sha256: 'c'.repeat(64) } }, /another TensorFlow Lite library/);
});

/** With 1 to 4 threads. */
async function checkPools(files: readonly string[]): Promise<void> {
  for (const path of files) {
    for (const threads of [1, 2, 3, 4]) {
      const chunks = threads === 1 ? [16384, 32768] : [16384];
      const verdict = await trial({ file: path, threads, chunkBytes: chunks });
      assert.ok(verdict.ok, JSON.stringify(verdict));
      const { peakBytes, fits } = verdict;
      for (const { chunkBytes, mappedBytes, poolBytes } of fits) {
        const where = `${path}, ${threads} threads, chunk ${chunkBytes}`;
        assert.ok(peakBytes / mappedBytes >= 0.9, `${where}: ${peakBytes / mappedBytes} utilised`);
        assert.ok(poolBytes >= mappedBytes && mappedBytes >= peakBytes, where);
        assert.ok(poolBytes <= 1.25 * peakBytes + chunkBytes, `${where}: quota ${poolBytes}`);
      }
    }
  }
}

testWithMade('pools of made models are 90 % used, their quotas at most 1.25 peaks', () =>
  checkPools(madeModels()),
);

testWithShared('pools of real models are 90 % used, their quotas at most 1.25 peaks', () =>
  checkPools(MODELS.map(modelFile)),
);
