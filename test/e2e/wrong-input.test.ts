/** Each wrong input has its line and its status, in `run` and in `verify`. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { check, newError } from '../../app/native/call.ts';
import { loadNative } from '../../app/native/library.ts';
import { NativeError } from '../../app/native/native-error.ts';
import { Edgepool, edgepool } from '../support/edgepool.ts';
import { memlockPrefix, memoryGroupPrefix } from '../support/limits.ts';
import { readReport } from '../support/report.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { shared, testWithShared } from '../support/shared.ts';

const scratch = scratchFolder();
const tiny = `${ROOT}build/models/tiny.tflite`;
const whole = readFileSync(tiny);

function file(name: string, bytes: string | Uint8Array): string {
  const path = join(scratch.path, name);
  writeFileSync(path, bytes);
  return path;
}

/** A bitmap of one pixel. */
function picture(): Uint8Array {
  const bytes = Buffer.alloc(58);
  bytes.write('BM');
  bytes.writeUInt32LE(58, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(1, 18);
  bytes.writeInt32LE(1, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}

function wrongModels(): string[] {
  return [
    join(scratch.path, 'absent.tflite'),
    file('empty.tflite', ''),
    file('picture.tflite', picture()),
    file('half.tflite', whole.subarray(0, whole.length / 2)),
    ...[1, 7, 100, 500, 900].map((part) =>
      file(`cut-${part * 64}.tflite`, whole.subarray(0, part * 64)),
    ),
  ];
}

/** One line on standard error, which begins with the program's name. */
function line(ended: { status: number | null; err: string }): string {
  const said = ended.err;
  assert.match(said, /^edgepool: [^\n]+\n$/);
  return said.trimEnd();
}

function config(name: string, region: object): string {
  return file(name, JSON.stringify({ region, models: [{ file: tiny }], mqtt: { broker: 'none' } }));
}

test('run and verify refuse each wrong model with the same line, which names it', async () => {
  const models = wrongModels();
  const ended = await edgepool(['verify', tiny, ...models]);
  assert.equal(ended.status, 1);
  assert.match(line(ended), /^edgepool: 9 of 10 models refused: .*absent\.tflite/);
  const [good, ...bad] = ended.out.trimEnd().split('\n');
  assert.ok(good?.startsWith(`ok       ${tiny}: `), good);
  assert.equal(bad.length, models.length);
  for (const [index, model] of models.entries()) {
    const verdict = bad[index] ?? '';
    assert.ok(verdict.startsWith('refused  ') && verdict.includes(basename(model)), verdict);
    const run = await edgepool(['run', '--model', model, '--broker=none']);
    assert.equal(run.status, 1);
    assert.equal(line(run), `edgepool: ${verdict.slice('refused  '.length)}`);
  }
});

test('verify finds nothing wrong with a sound model: status 0 and nothing on standard error', async () => {
  const ended = await edgepool(['verify', tiny]);
  assert.deepEqual([ended.status, ended.err], [0, '']);
});

test('verify --json says the same to programs', async () => {
  const half = file('half.tflite', whole.subarray(0, whole.length / 2));
  const { status, out } = await edgepool(['verify', '--json', tiny, half]);
  assert.equal(status, 1);
  const [good, bad] = JSON.parse(out);
  assert.equal(good.file, tiny);
  assert.equal(good.ok, true);
  assert.ok(good.peakBytes > whole.length);
  assert.deepEqual([bad.file, bad.ok, bad.reason], [half, false, 'refused']);
});

test('a model cut at every 64th byte is refused with one line, every time', () => {
  const native = loadNative();
  for (let bytes = 0; bytes < whole.length; bytes += 64) {
    const error = newError();
    assert.throws(
      () =>
        check(native.ep_model_check_bytes('cut', whole.subarray(0, bytes), bytes, error), error),
      (thrown: Error) => {
        assert.ok(thrown instanceof NativeError);
        assert.match(thrown.message, /^[^\n]+$/);
        return true;
      },
      `cut at ${bytes}`,
    );
  }
});

test('a region larger than the memory is refused, with what was asked for and the limit', async () => {
  const capacity_mb = Math.ceil(totalmem() / 2 ** 20) + 1024;
  // Enough for the region's extents, so that the memory itself is what stands in the way.
  const region = { capacity_mb, mapping_budget: Math.ceil(capacity_mb / 2) + 64 };
  const ended = await edgepool(['run', '--config', config('huge.json', region)]);
  assert.equal(ended.status, 1);
  assert.match(line(ended), new RegExp(`${capacity_mb}|${capacity_mb + 1}`));
  assert.match(line(ended), /MemAvailable|memory\.(max|limit_in_bytes)/);
});

test('a region larger than the control group allows is refused, not killed', async () => {
  const prefix = memoryGroupPrefix(400 * 2 ** 20);
  const args = ['run', '--config', config('group.json', { capacity_mb: 700 })];
  const ended = await edgepool(args, { prefix });
  assert.deepEqual([ended.status, ended.signal], [1, null]);
  assert.match(line(ended), /memory\.(max|limit_in_bytes)/);
});

test('a region too large for the budget of mappings is refused', async () => {
  const ended = await edgepool(['run', '--config', config('maps.json', { capacity_mb: 10_000 })]);
  assert.equal(ended.status, 1);
  assert.match(line(ended), /10000 MiB .* region\.mapping_budget allows 4096/);
});

test('a limit on locked memory refuses where locking is required', async () => {
  const args = ['run', '--config', config('required.json', { lock: 'required' })];
  const ended = await edgepool(args, { prefix: memlockPrefix(65536) });
  assert.equal(ended.status, 1);
  assert.match(line(ended), /RLIMIT_MEMLOCK|ulimit -l/);
});

test('a limit on locked memory is one notice where locking is preferred', async () => {
  const report = join(scratch.path, 'unlocked.json');
  const file_ = config('preferred.json', { lock: 'preferred' });
  const args = ['run', '--config', file_, '--duration', '2', '--report', report];
  const program = new Edgepool(args, { prefix: memlockPrefix(65536) });
  const ended = await program.end();
  assert.deepEqual([ended.status, ended.err], [0, '']);
  const warnings = program.lines().filter(({ level }) => level !== 'info');
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]?.msg ?? '', /not locked.*ulimit -l.*region\.lock/);
  assert.equal(readReport(report).region.locked, false);
});

testWithShared('a model that takes no pictures is refused', async () => {
  const model = shared('models', 'dtln_noise_suppression.tflite');
  const ended = await edgepool(['run', '--model', model, '--broker=none']);
  assert.equal(ended.status, 1);
  assert.match(
    line(ended),
    /model dtln_noise_suppression: its input is [\dx ]+ of int8, no picture/,
  );
  assert.equal((await edgepool(['verify', model])).status, 0);
});

test('labels and pictures that cannot be read are named', async () => {
  const labels = await edgepool(['run', '--model', `${tiny},labels=absent.txt`, '--broker=none']);
  assert.equal(labels.status, 1);
  assert.match(line(labels), /absent\.txt/);
  const text = file('text.jpg', 'no picture');
  const still = await edgepool(['run', '--source', `still:${text}`, '--model', tiny]);
  assert.equal(still.status, 1);
  assert.match(line(still), /text\.jpg/);
});

test('a report that cannot be written is refused before anything runs', async () => {
  const args = ['run', '--model', tiny, '--report', '/proc/version/report.json'];
  const ended = await edgepool(args);
  assert.equal(ended.status, 1);
  assert.match(line(ended), /report \/proc\/version\/report\.json: cannot be written/);
});
