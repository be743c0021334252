/**
 * A source whose frames change size while they flow: their memory follows, and nothing else does. For
 * as long as `SIZES_SECONDS` says; `make soak` says a minute.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Edgepool } from '../support/edgepool.ts';
import { faultsOfStream } from '../support/processes.ts';
import { readReport } from '../support/report.ts';
import { scratchFolder } from '../support/scratch.ts';
import { shared, testWithShared } from '../support/shared.ts';
import { until } from '../support/until.ts';

const SECONDS = Number(process.env.SIZES_SECONDS ?? 12);
/** By then both changes have been seen, and each model has run on both sizes. */
const BEFORE = 6;
const scratch = scratchFolder();
const model = shared('models', 'tf2_mobilenet_v2_1.0_224_ptq.tflite');
const labels = shared('models', 'imagenet_labels.txt');

interface Status {
  dropped: { superseded: number };
  region: { mapped_bytes: number };
  models: { top: { label: string } | null }[];
}

function statuses(program: Edgepool): Status[] {
  return program.lines().filter(({ msg }) => msg === 'status') as unknown as Status[];
}

testWithShared('between 720p and 1080p slots grow and shrink, and no frame is lost', async () => {
  const folder = join(scratch.path, 'cats');
  mkdirSync(folder);
  for (const name of ['cat_720p.jpg', 'cat_1080p.jpg']) {
    cpSync(shared('media', name), join(folder, name));
  }
  const file = join(scratch.path, 'report.json');
  const source = ['--source', `still:${folder},each=2`, '--model', `${model},labels=${labels}`];
  const program = new Edgepool(['run', ...source, '--duration', `${SECONDS}`, '--report', file]);
  const after = (count: number) =>
    until(`${count} s of figures`, () => statuses(program).length >= count, (count + 24) * 1000);
  await after(BEFORE);
  const before = faultsOfStream(program.child.pid ?? 0);
  await after(SECONDS - 2);
  assert.deepEqual(faultsOfStream(program.child.pid ?? 0), before, 'page faults, thread by thread');
  const ended = await program.end();
  assert.deepEqual([ended.status, ended.err], [0, '']);
  const report = readReport(file);
  const { captured, completed, dropped } = report.frames;
  const states = statuses(program);
  // What the program's own start has cost lies before the first change.
  const atStart = states[0]?.dropped.superseded ?? 0;
  const { source: lost, no_slot, error } = dropped;
  const superseded = dropped.superseded - atStart;
  assert.deepEqual(
    { lost, no_slot, superseded, error },
    { lost: 0, no_slot: 0, superseded: 0, error: 0 },
  );
  assert.ok(
    captured >= 29 * SECONDS && captured - completed - atStart <= 1,
    `${completed} of ${captured}`,
  );
  assert.equal(report.steady_state.foreign_allocations, 0);
  const found = new Set(states.flatMap(({ models }) => models.map(({ top }) => top?.label)));
  found.delete(undefined);
  assert.equal(found.size, 1, [...found].join(', '));
  const mapped = states.map(({ region }) => region.mapped_bytes);
  const [least, most] = [Math.min(...mapped), Math.max(...mapped)];
  // Each of the eight slots or more has 1.7 MB more for the larger picture.
  assert.ok(most - least > 8 * 1.5e6, `${least} to ${most}`);
  const turns = mapped.slice(1).map((bytes, index) => Math.sign(bytes - (mapped[index] ?? 0)));
  assert.ok(turns.includes(1) && turns.includes(-1), `went up and down: ${mapped.join(' ')}`);
});
