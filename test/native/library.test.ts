import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { check, newError } from '../../app/native/call.ts';
import { Status, statusName } from '../../app/native/constants.ts';
import { loadNative } from '../../app/native/library.ts';
import { NativeError } from '../../app/native/native-error.ts';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'edgepool-library-'));
});
after(() => rmSync(folder, { recursive: true }));

/** A shared library of this C source. */
function compile(name: string, source: string): string {
  const library = join(folder, name);
  execFileSync('cc', ['-shared', '-fPIC', '-x', 'c', '-', '-o', library], { input: source });
  return library;
}

test('the library of the checkout is found, and opened once', () => {
  const native = loadNative();
  assert.match(native.path, /libedgepool\.so$/);
  assert.equal(loadNative(native.path), native);
});

test('a library that is not there is named, with what to do', () => {
  const path = join(folder, 'none.so');
  assert.throws(
    () => loadNative(path),
    (error: Error) => error.message.includes(path) && error.message.includes('make build'),
  );
});

test('a library of another version is refused before anything of it is used', () => {
  const path = compile('old.so', 'unsigned ep_abi_version(void) { return 999; }');
  assert.throws(() => loadNative(path), /ABI version 999/);
});

test('a library that is not edgepool is refused by name', () => {
  const path = compile('other.so', 'int unrelated;');
  assert.throws(() => loadNative(path), new RegExp(`${path}: .*ep_abi_version`));
});

test('a failed call throws its status, its message and the three figures', () => {
  const native = loadNative();
  const error = newError();
  const status = native.ep_model_check_file(join(folder, 'no model'), 0, error);
  assert.throws(
    () => check(status, error),
    (thrown: unknown) => {
      assert.ok(thrown instanceof NativeError);
      assert.equal(thrown.status, 'EP_E_FILE');
      assert.match(thrown.message, /no model/);
      assert.equal(thrown.requestedBytes, 0);
      return true;
    },
  );
});

test('a call that fails without a word still names its status', () => {
  assert.throws(() => check(Status.EP_E_STATE, newError()), /EP_E_STATE/);
  assert.equal(statusName(12345), 'EP_E_SYSTEM');
});
