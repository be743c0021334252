/** A plan from `analyze`, obeyed by `run`. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlanFile } from '../../app/analysis/plan-file.ts';
import { edgepool } from '../support/edgepool.ts';
import { readReport } from '../support/report.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { testWithMade } from '../support/shared.ts';

const scratch = scratchFolder();
const made = (name: string) => `${ROOT}build/models/${name}.tflite`;
const files = ['tiny', 'mobilenet_v3_small_int8', 'mobilenet_v2'].map(made);
const planFile = join(scratch.path, 'plan.json');
const run = (...args: string[]) =>
  edgepool(['run', '--broker', 'none', '--plan', planFile, ...args]);

testWithMade('models run in the pools that the plan says, and use them', async () => {
  const analysed = await edgepool(['analyze', ...files, '--plan', planFile]);
  assert.equal(analysed.status, 0, analysed.err);
  const plan: PlanFile = JSON.parse(readFileSync(planFile, 'utf8'));
  const report = join(scratch.path, 'report.json');
  const models = files.flatMap((file) => ['--model', `${file},every=3`]);
  const ended = await run(...models, '--duration', '2', '--report', report);
  assert.deepEqual([ended.status, ended.err], [0, '']);
  for (const { sha256, name, pool } of readReport(report).models) {
    const planned = plan.models.find((model) => model.sha256 === sha256)?.pool;
    assert.equal(pool.mapped_bytes, planned?.mapped_bytes, name);
    assert.equal(pool.quota_bytes, planned?.quota_bytes, name);
    assert.equal(pool.chunk_bytes, planned?.chunk_bytes, name);
    assert.ok(pool.utilisation >= 0.9, `${name}: ${pool.utilisation}`);
  }
});

testWithMade('a plan for another file of the same name is refused in one line', async () => {
  const other = join(scratch.path, 'tiny.tflite');
  copyFileSync(made('tiny_int8'), other);
  const ended = await run('--model', other);
  assert.equal(ended.status, 1);
  assert.match(ended.err, /^edgepool: plan .*: made for another .*tiny\.tflite .*\n$/);
  const threads = await run('--model', `${made('tiny')},threads=2`);
  assert.equal(threads.status, 1);
  assert.match(threads.err, /^edgepool: plan .* with threads 1 .* has 2 .*\n$/);
});
