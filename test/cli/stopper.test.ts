import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../support/until.ts';

const file = fileURLToPath(new URL('stopper-child.ts', import.meta.url));

class Child {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  out = '';
  err = '';

  constructor(how: string) {
    const args = ['--import', import.meta.resolve('tsx'), file, how];
    this.process = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stdout.on('data', (text) => {
      this.out += text;
    });
    this.process.stderr.on('data', (text) => {
      this.err += text;
    });
  }

  async says(word: string): Promise<void> {
    await until(word, () => this.out.includes(word), 30_000);
  }

  async ended(): Promise<[number | null, string]> {
    await once(this.process, 'close');
    return [this.process.exitCode, this.err];
  }
}

test('a second signal ends a stop that hangs at once', async () => {
  const child = new Child('hang');
  await child.says('listening');
  child.process.kill('SIGINT');
  await child.says('stopping');
  child.process.kill('SIGTERM');
  assert.deepEqual(await child.ended(), [1, 'edgepool: ended at once: a second signal\n']);
});

test('a stop that hangs ends by itself within 2 s', async () => {
  const child = new Child('hang');
  await child.says('listening');
  const start = performance.now();
  child.process.kill('SIGTERM');
  assert.deepEqual(await child.ended(), [
    1,
    'edgepool: ended at once: a clean stop took longer than stop_seconds (1.8)\n',
  ]);
  assert.ok(performance.now() - start < 2000);
});

test('what nobody catches is one line and status 1', async () => {
  assert.deepEqual(await new Child('throw').ended(), [1, 'edgepool: first line; second line\n']);
});

test('the end of the duration is a clean stop', async () => {
  assert.deepEqual(await new Child('after').ended(), [0, '']);
});
