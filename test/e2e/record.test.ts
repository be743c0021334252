/** What a source gave is kept, and what was kept is given again: every frame, every byte. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Edgepool, edgepool } from '../support/edgepool.ts';
import { readReport } from '../support/report.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const model = ['--model', `${ROOT}build/models/tiny.tflite`, '--broker', 'none'];
const inScratch = (name: string) => join(scratch.path, name);

async function record(source: string, name: string, more: readonly string[] = []) {
  const [file, report] = [inScratch(`${name}.y4m`), inScratch(`${name}.json`)];
  const program = new Edgepool([
    ...['run', '--source', source, ...model, '--record', file, '--report', report, ...more],
  ]);
  const { status, err } = await program.end();
  assert.deepEqual([status, err], [0, '']);
  const { frames, sources } = readReport(report);
  const recording = sources[0]?.recording;
  assert.ok(recording);
  assert.deepEqual(
    { ...recording, bytes: readFileSync(file).length },
    { file, state: 'on', frames: frames.captured, dropped: 0, bytes: recording.bytes },
  );
  return { file, frames: recording.frames, program };
}

test('a recording that is played and recorded again is the same file', async () => {
  const pattern = 'pattern,width=320,height=240';
  const first = await record(pattern, 'first', ['--duration', '3', '--fps', '24']);
  assert.ok(first.frames >= 60, `${first.frames} frames`);
  const statuses = first.program.lines().filter(({ msg }) => msg === 'status');
  assert.ok(statuses.length > 0 && statuses.every(({ recordings }) => recordings !== undefined));
  // Ends by itself with the clip's last frame, at the clip's own rate.
  const second = await record(`y4m:${first.file}`, 'second');
  assert.equal(second.frames, first.frames);
  assert.ok(readFileSync(first.file).equals(readFileSync(second.file)), 'byte for byte');
});

test('a recording has an end, and its run goes on', async () => {
  const file = inScratch('full.y4m');
  const report = inScratch('full.json');
  const program = new Edgepool(
    ['run', '--record', file, '--duration', '2', '--report', report, ...model],
    { environment: { EDGEPOOL_RECORD_MAX_MB: '8' } },
  );
  assert.equal((await program.end()).status, 0);
  const said = program.lines().filter(({ msg }) => msg.includes('full.y4m: is full'));
  assert.equal(said.length, 1);
  assert.match(said[0]?.msg ?? '', /holds 6 frames in [0-9]+ of at most 8388608 bytes$/);
  const { frames, sources } = readReport(report);
  assert.ok(frames.completed > 50, `${frames.completed}`);
  assert.equal(sources[0]?.recording?.state, 'full');
  assert.equal(readFileSync(file).length, sources[0]?.recording?.bytes);
});

test('a wrong --record is one line', async () => {
  const kept = scratch.write('kept.y4m', 'kept');
  const two = ['--source', 'a=pattern', '--source', 'b=pattern'];
  const fresh = inScratch('fresh.y4m');
  for (const [args, line] of [
    [['--record', kept], `record ${kept}: exists already: name another file, or remove it`],
    [[...two, '--record', fresh], 'record.source is null, and there are several: name one of a, b'],
    [[...two, '--record', `c=${fresh}`], 'record.source c is no source: name one of a, b'],
    [['--record', inScratch('no/a.y4m')], 'no/a.y4m: cannot be made: No such file or directory'],
  ] as const) {
    const { status, err } = await edgepool(['run', ...args, ...model]);
    assert.equal(status, 1);
    assert.ok(err.endsWith(`${line}\n`) && err.split('\n').length === 2, err);
  }
  assert.equal(readFileSync(kept, 'utf8'), 'kept');
  assert.ok(!existsSync(fresh));
});
