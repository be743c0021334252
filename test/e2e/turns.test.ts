/** More models than the region holds: they take turns in it, beside a stream that notices nothing. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { edgepool } from '../support/edgepool.ts';
import { scratchFolder } from '../support/scratch.ts';
import { crowd, crowdedRegion, GUESTS } from '../support/turns.ts';

const scratch = scratchFolder();

test('six models take turns in memory for three, and every due frame is answered', async () => {
  const region = await crowdedRegion(scratch);
  const { report, err } = await crowd(scratch, { region, seconds: 15 });
  assert.equal(err, '');
  assert.ok(report.region.capacity_bytes < region.wanted_bytes);
  for (const { name, dropped, invokes } of report.models) {
    const { parked, error, superseded } = dropped;
    assert.deepEqual({ parked, error }, { parked: 0, error: 0 }, name);
    if (GUESTS.includes(name)) assert.equal(superseded, 0, name);
    assert.ok(invokes >= 20, `${name}: ${invokes} answers`);
  }
  assert.ok(report.deadline_hit_ratio >= 0.98, `${report.deadline_hit_ratio} in time`);
  const { minor_faults, foreign_allocations } = report.steady_state;
  assert.deepEqual([minor_faults, foreign_allocations], [0, 0]);
});

test('a model that takes turns and has nowhere to wait is refused in one line', async () => {
  const models = [
    { file: join(import.meta.dirname, '../../build/models/tiny.tflite'), keep: 'warm' },
  ];
  const config = scratch.write('nowhere.json', JSON.stringify({ version: 1, models }));
  const { status, err } = await edgepool(['run', '--broker', 'none', '--config', config]);
  assert.equal(status, 1);
  assert.match(err, /model tiny: keep is warm, and there is no place .*set parking\.disk_mb/);
  assert.equal(err.trim().split('\n').length, 1);
});
