import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Report, writeWhole } from '../../app/telemetry/report.ts';
import { Random, seeds } from '../support/random.ts';
import { scratchFolder } from '../support/scratch.ts';
import { modelSnapshot, snapshot } from '../support/snapshots.ts';

const scratch = scratchFolder();
const picture = snapshot([modelSnapshot('m', 'cat')]);

test('the report is the snapshot at the stop, and nothing else is left in the folder', async () => {
  const folder = join(scratch.path, 'new', 'folder');
  const report = new Report(join(folder, 'report.json'), () => picture);
  await report.start();
  assert.deepEqual(readdirSync(folder), []);
  await report.stop();
  await report.stop();
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')), picture);
  assert.deepEqual(readdirSync(folder), ['report.json']);
});

test('a report that was never started writes nothing', async () => {
  const report = new Report(join(scratch.path, 'never.json'), () => picture);
  await report.stop();
  assert.ok(!readdirSync(scratch.path).includes('never.json'));
});

test('a report that cannot be written is said in one line that names it', async () => {
  const file = join(scratch.path, 'taken');
  mkdirSync(file);
  const report = new Report(file, () => picture);
  await report.start();
  await assert.rejects(report.stop(), (error: Error) => {
    assert.ok(error.message.startsWith(`report ${file}: cannot be written (`));
    assert.ok(!error.message.includes('\n'));
    return true;
  });
  assert.deepEqual(
    readdirSync(scratch.path).filter((name) => name.includes('.new')),
    [],
  );
  const under = new Report('/proc/version/report.json', () => picture);
  await assert.rejects(under.start(), /report \/proc\/version\/report.json: cannot be written/);
});

test('whenever the writer is killed, the file is one whole text or the other', async () => {
  const [seed = 1] = seeds(1);
  const random = new Random(seed);
  const file = join(scratch.path, 'whole.json');
  const texts = ['a', 'b'].map((letter) => letter.repeat(1 << 20));
  writeWhole(file, texts[0] ?? '');
  for (let round = 0; round < 8; round++) {
    const child = spawn(
      process.execPath,
      [
        '--import',
        import.meta.resolve('tsx'),
        fileURLToPath(new URL('write-forever.ts', import.meta.url)),
        file,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(child.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, random.next() * 20));
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.ok(texts.includes(readFileSync(file, 'utf8')), `seed ${seed}, round ${round}`);
  }
});
