/** A delegate that comes as a library of its own, by configuration. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import { edgepool } from '../support/edgepool.ts';
import { readReport } from '../support/report.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const tiny = join(ROOT, 'build/models/tiny.tflite');
const library = join(scratch.path, 'delegate.so');
const source = join(ROOT, 'native/test/fixtures/test_delegate.cpp');
execFileSync('g++', ['-std=c++20', '-shared', '-fPIC', '-o', library, source]);

async function run(name: string, model: object, seconds = 2) {
  const report = join(scratch.path, `${name}.json`);
  const config = { report, duration_seconds: seconds, mqtt: { broker: 'none' } };
  const models = [{ file: tiny, name: 'tiny', ...model }];
  const file = scratch.write(`${name}.config.json`, JSON.stringify({ ...config, models }));
  return { ...(await edgepool(['run', '--config', file])), report };
}

test("it is loaded, and what it allocates lies in its model's pool", async () => {
  const of = async (name: string, options: string[]): Promise<Snapshot> => {
    const delegate = { delegate: 'external', delegate_library: library, delegate_options: options };
    const { status, err, report } = await run(name, delegate);
    assert.deepEqual([status, err], [0, '']);
    return readReport(report);
  };
  const [small, large] = [await of('small', []), await of('large', ['pool_bytes=3000000'])];
  const live = ({ models }: Snapshot) => models[0]?.pool.live_bytes ?? 0;
  assert.equal(large.models[0]?.delegate, 'external');
  assert.ok(Math.abs(live(large) - live(small) - 3e6) < 65536, `${live(small)} ${live(large)}`);
  assert.ok(large.frames.completed > 30);
  assert.equal(large.steady_state.foreign_allocations, 0);
});

test('what is wrong with it is one line', async () => {
  for (const [name, model, line] of [
    ['none', { delegate: 'external' }, 'no delegate_library is named: name it'],
    ['idle', { delegate_library: library }, 'are for the delegate external, it is auto'],
    [
      'absent',
      { delegate: 'external', delegate_library: join(scratch.path, 'npu.so') },
      'npu.so: cannot open shared object file: No such file or directory',
    ],
    [
      'option',
      { delegate: 'external', delegate_library: library, delegate_options: ['speed=1'] },
      'the runtime refused it (delegate external): there is no such option',
    ],
  ] as const) {
    const { status, err } = await run(name, model);
    assert.equal(status, 1);
    assert.ok(err.endsWith(`${line}\n`) && err.split('\n').length === 2, err);
  }
});
