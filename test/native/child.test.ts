import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { test } from 'node:test';
import { runChild } from '../../app/native/child.ts';

const shell = (script: string, options = {}) => runChild('/bin/sh', ['-c', script], options);

test('both outputs, the words and the status come back', async () => {
  const { output, errors, status, signal, killed } = await runChild('/bin/sh', [
    '-c',
    'cat; echo "$1"; echo wrong >&2; exit 7',
    'sh',
    'ein Wort – mit Umlaut ä',
  ]);
  assert.deepEqual(
    { output, errors, status, signal, killed },
    {
      output: 'ein Wort – mit Umlaut ä\n',
      errors: 'wrong\n',
      status: 7,
      signal: null,
      killed: null,
    },
  );
});

test('more than a pipe holds arrives whole', async () => {
  const { output } = await shell('head -c 3000000 /dev/zero | tr "\\0" x');
  assert.equal(output.length, 3_000_000);
});

test('the environment is this one or the given one', async () => {
  process.env.EP_CHILD_TEST = 'inherited';
  try {
    assert.equal((await shell('echo $EP_CHILD_TEST')).output, 'inherited\n');
    const environment = { ONLY: 'this' };
    assert.equal((await shell('echo $EP_CHILD_TEST$ONLY', { environment })).output, 'this\n');
  } finally {
    delete process.env.EP_CHILD_TEST;
  }
});

test('a signal, a timeout, too much output and an abort each end it and are told apart', async () => {
  const signalled = await shell('kill -SEGV $$');
  assert.deepEqual([signalled.status, signalled.signal, signalled.killed], [null, 'SIGSEGV', null]);
  const late = await shell('exec sleep 60', { timeoutMs: 50 });
  assert.deepEqual([late.signal, late.killed], ['SIGKILL', 'timeout']);
  const loud = await shell('exec cat /dev/zero', { mostOutputBytes: 100_000 });
  assert.deepEqual([loud.signal, loud.killed], ['SIGKILL', 'output']);
  const leaving = new AbortController();
  const ended = shell('exec sleep 60', { signal: leaving.signal });
  leaving.abort();
  assert.equal((await ended).killed, 'abort');
  assert.equal((await shell('exec sleep 60', { signal: leaving.signal })).killed, 'abort');
});

test('it stands back as far as asked, and a closed pipe ends it, as it does not end Node', async () => {
  // The niceness comes when it has begun already.
  const nice = 'until [ "$(cut -d" " -f19 /proc/$$/stat)" = 7 ]; do sleep 0.01; done';
  const { status, output } = await shell(`${nice}; grep SigIgn /proc/$$/status`, {
    niceness: 7,
    timeoutMs: 10_000,
  });
  assert.equal(status, 0);
  const ignored = Number.parseInt(/SigIgn:\s+(\w+)/.exec(output)?.[1] ?? '', 16);
  assert.equal(ignored & (1 << (constants.signals.SIGPIPE - 1)), 0);
});

test('what cannot be started is named', async () => {
  await assert.rejects(runChild('/no/such/program', []), /\/no\/such\/program/);
});

test('a hundred children leave no descriptor and no zombie', async () => {
  await shell('true');
  const open = readdirSync('/proc/self/fd').length;
  await Promise.all(Array.from({ length: 100 }, () => shell('true')));
  assert.ok(readdirSync('/proc/self/fd').length <= open);
  const ended = readdirSync('/proc/self/task')
    .flatMap((thread) => readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' '))
    .filter((pid) => pid.trim() !== '' && /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  assert.deepEqual(ended, []);
});
