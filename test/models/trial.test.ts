import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { trial } from '../../app/models/trial.ts';
import { House, MIB } from '../support/house.ts';
import { MODELS, modelFile, testWithShared } from '../support/shared.ts';

let folder = '';
const house = new House(96);
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edgepool-trial-'));
  await house.start();
});
after(async () => {
  await house.stop();
  await rm(folder, { recursive: true });
});

testWithShared('a pool of the size that a trial has shown takes its model', async () => {
  for (const name of MODELS) {
    for (const threads of name.startsWith('mobilenet_v1') ? [1, 2, 4] : [1]) {
      const file = modelFile(name);
      const verdict = await trial({ file, threads });
      assert.ok(verdict.ok, `${name}: ${JSON.stringify(verdict)}`);
      const [{ mappedBytes, poolBytes }] = verdict.fits;
      assert.ok(mappedBytes >= verdict.peakBytes && mappedBytes <= poolBytes);
      const options = { name, source: file, threads };
      // Several threads do not place their blocks alike each time: they have the reserve for that.
      const quotaBytes = threads === 1 ? mappedBytes : poolBytes;
      const model = await house.load(options, quotaBytes / MIB, verdict.ends);
      const { peak_live_bytes } = model.pool.stats();
      assert.equal(model.delegate, verdict.delegate);
      assert.ok(Math.abs(peak_live_bytes - verdict.peakBytes) <= verdict.peakBytes / 20);
      await house.clear();
    }
  }
});

testWithShared('a region too small for the model is doubled until it is not', async () => {
  const verdict = await trial({
    file: modelFile('tf2_mobilenet_v2_1.0_224_ptq'),
    capacityBytes: 10 * MIB,
  });
  assert.ok(verdict.ok, JSON.stringify(verdict));
  assert.ok(verdict.peakBytes > 10 * MIB);
});

testWithShared('what is no model is refused in one line that names the file', async () => {
  const cut = join(folder, 'cut.tflite');
  const bytes = await readFile(modelFile('vww_96_int8'));
  await writeFile(cut, bytes.subarray(0, bytes.length / 2));
  const empty = join(folder, 'empty.tflite');
  await writeFile(empty, '');
  const text = join(folder, 'text "quoted".tflite');
  await writeFile(text, 'This is a text and no model, whatever its name says about it.');
  for (const [file, status] of [
    [join(folder, 'missing.tflite'), 'EP_E_FILE'],
    [empty, 'EP_E_NOT_A_MODEL'],
    [text, 'EP_E_NOT_A_MODEL'],
    [cut, 'EP_E_MALFORMED'],
  ] as const) {
    const verdict = await trial({ file });
    assert.ok(!verdict.ok, file);
    assert.equal(verdict.reason, 'refused');
    assert.equal(verdict.status, status);
    assert.ok(verdict.message.includes(file), verdict.message);
    assert.ok(!verdict.message.includes('\n'));
  }
});

test('a library without TensorFlow Lite is refused by name', async () => {
  const file = join(folder, 'none.tflite');
  const verdict = await trial({ file, runtimeLibrary: 'libm.so.6' });
  assert.ok(!verdict.ok);
  assert.equal(verdict.status, 'EP_E_FILE');
});

testWithShared('a runtime that crashes or hangs costs a verdict and nothing else', async () => {
  const file = modelFile('vww_96_int8');
  const endings = { crashed: 'abort();', timeout: 'for (;;) pause();' };
  for (const [reason, body] of Object.entries(endings)) {
    const library = compileConstructor(`lib${reason}.so`, body);
    const verdict = await trial({ file, runtimeLibrary: library, timeoutMs: 2000 });
    assert.ok(!verdict.ok);
    assert.equal(verdict.reason, reason);
    assert.ok(verdict.message.startsWith(file), verdict.message);
    if (reason === 'crashed') {
      assert.match(verdict.message, /SIGABRT/);
    }
  }
});

/** A library that does this when it is opened. */
function compileConstructor(name: string, body: string): string {
  const library = join(folder, name);
  const source = `#include <stdlib.h>\n#include <unistd.h>\n__attribute__((constructor)) static void start(void) { ${body} }\n`;
  execFileSync('cc', ['-shared', '-fPIC', '-x', 'c', '-', '-o', library], { input: source });
  return library;
}
