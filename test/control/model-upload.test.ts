/** Real files, checked and loaded by the real child process. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, test } from 'node:test';
import { ModelFolder } from '../../app/control/model-folder.ts';
import { ModelUpload, type ModelUploadOptions } from '../../app/control/model-upload.ts';
import { trial } from '../../app/models/trial.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { until } from '../support/until.ts';

const scratch = scratchFolder();
const TINY = readFileSync(`${ROOT}build/models/tiny.tflite`);
let number = 0;
let folder: string;
let upload: ModelUpload;

async function made(more: Partial<ModelUploadOptions> = {}): Promise<ModelUpload> {
  const made = new ModelUpload({
    folder: new ModelFolder(folder),
    maxBytes: 2 ** 20,
    models: { all: [] },
    verify: (file, signal) => trial({ file, signal }),
    ...more,
  });
  await made.start();
  return made;
}

beforeEach(async () => {
  number += 1;
  folder = join(scratch.path, `models-${number}`);
  mkdirSync(folder);
  upload = await made();
});
afterEach(() => upload.stop());

/** In pieces, as they come over a network. */
function piecesOf(bytes: Uint8Array): Readable {
  const pieces = [];
  for (let at = 0; at < bytes.length; at += 1000) pieces.push(bytes.subarray(at, at + 1000));
  return Readable.from(pieces);
}

function send(file: string, bytes: Uint8Array = TINY, more: { replace?: boolean } = {}) {
  return upload.receive({ file, replace: false, bytes: bytes.length, ...more }, piecesOf(bytes));
}

async function refused(why: RegExp, answer: Promise<object>, left: string[] = []): Promise<void> {
  const given = (await answer) as { ok: boolean; error?: string };
  assert.equal(given.ok, false);
  assert.match(given.error ?? '', why);
  assert.doesNotMatch(given.error ?? '', /\n|\.upload-/);
  assert.deepEqual(readdirSync(folder), left);
}

test('a model that loads is kept, byte for byte, and can be named at once', async () => {
  const answer = await send('small');
  const { delegate, takes_bytes, pool_bytes, ...rest } = answer as Record<string, unknown>;
  assert.deepEqual(rest, { ok: true, file: 'small.tflite', bytes: TINY.length });
  assert.ok(Number(pool_bytes) >= Number(takes_bytes) && Number(takes_bytes) > 0, String(delegate));
  assert.deepEqual(readdirSync(folder), ['small.tflite']);
  assert.deepEqual(readFileSync(join(folder, 'small.tflite')), TINY);
  const models = new ModelFolder(folder);
  assert.deepEqual(await models.models(), ['small.tflite']);
  assert.equal(await models.model('small'), join(folder, 'small.tflite'));
});

test('what is no model, or half of one, or a broken one, leaves nothing behind', async () => {
  await refused(/text.tflite/, send('text.tflite', Buffer.from('no model at all'.repeat(9))));
  await refused(/empty.tflite/, send('empty.tflite', Buffer.alloc(0)));
  await refused(/half.tflite/, send('half.tflite', TINY.subarray(0, TINY.length / 2)));
  const broken = Buffer.from(TINY);
  broken.fill(0xff, 8, 64);
  await refused(/broken.tflite/, send('broken.tflite', broken));
});

test('only the name of a file leads into the folder', async () => {
  for (const file of ['../up', 'a/b', '/tmp/x', 'a\\b', '.hidden', '', '..', 'a\0b', 'a\nb']) {
    await refused(/must be the name of a file/, send(file));
  }
  await refused(/too long/, send('é'.repeat(100)));
  assert.equal(existsSync(join(scratch.path, 'up.tflite')), false);
});

test('a file that is there stays, unless its replacement is asked for and loads', async () => {
  const file = join(folder, 'there.tflite');
  writeFileSync(file, 'before');
  await refused(/is in .* already; ask to replace it/, send('there'), ['there.tflite']);
  const bad = send('there', Buffer.from('after'), { replace: true });
  await refused(/there.tflite/, bad, ['there.tflite']);
  assert.equal(readFileSync(file, 'utf8'), 'before');
  assert.equal((await send('there', TINY, { replace: true })).ok, true);
  assert.deepEqual(readFileSync(file), TINY);
  mkdirSync(join(folder, 'folder.tflite'));
  const left = ['folder.tflite', 'there.tflite'];
  await refused(/no regular file/, send('folder', TINY, { replace: true }), left);
});

test('the file of a model that runs is not replaced, by whatever name it was loaded', async () => {
  assert.equal((await send('used')).ok, true);
  const link = join(scratch.path, `link-${number}.tflite`);
  symlinkSync(join(folder, 'used.tflite'), link);
  const running = { planned: { config: { file: link } }, model: { name: 'classifier', loadMs: 1 } };
  const all = [running] as unknown as ModelUploadOptions['models']['all'];
  upload = await made({ models: { all } });
  const again = send('used', TINY, { replace: true });
  await refused(/model classifier runs from it; take another name/, again, ['used.tflite']);
});

test('more than is allowed is refused before it comes, and when it comes unannounced', async () => {
  upload = await made({ maxBytes: TINY.length - 1 });
  await refused(/is larger than .* MiB; raise dashboard.upload_max_mb/, send('large'));
  let taken = 0;
  const endless = Readable.from(
    (function* () {
      for (;;) {
        taken += 1000;
        yield Buffer.alloc(1000);
      }
    })(),
  );
  await refused(
    /is larger than/,
    upload.receive({ file: 'large', replace: false, bytes: null }, endless),
  );
  assert.ok(taken < TINY.length + 100_000, 'it was not read on');
  assert.equal(endless.destroyed, false, 'its sender can be answered');
  endless.destroy();
  upload = await made({ maxBytes: 0 });
  await refused(/dashboard.upload_max_mb is 0/, send('none'));
});

test('a disk with too little room is named before and while a model comes', async () => {
  const huge = { file: 'huge', replace: false, bytes: 2 ** 60 };
  upload = await made({ maxBytes: 2 ** 62 });
  await refused(
    /huge.tflite: has .* MiB, and .* has .* MiB free/,
    upload.receive(huge, piecesOf(TINY)),
  );
  const limit = (bytes: string) =>
    spawnSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`], { encoding: 'utf8' });
  try {
    assert.equal(limit(String(Math.floor(TINY.length / 2))).status, 0);
    await refused(/is full \(EFBIG\); make room there/, send('cut'));
  } finally {
    limit('unlimited');
  }
  assert.equal((await send('cut')).ok, true);
});

test('a folder that is missing is named', async () => {
  folder = join(scratch.path, 'nowhere');
  upload = await made();
  const answer = (await send('lost')) as { error?: string };
  assert.match(answer.error ?? '', /nowhere cannot be written \(ENOENT\); name another/);
});

test('who is silent or leaves is let go, and the next one gets in', async () => {
  upload = await made({ patienceMs: 50 });
  const silent = new Readable({ read: () => undefined });
  silent.push(TINY.subarray(0, 100));
  const waiting = upload.receive({ file: 'slow', replace: false, bytes: null }, silent);
  const other = send('other');
  assert.match(
    String(((await other) as { error?: string }).error),
    /another model is being uploaded/,
  );
  await refused(
    /slow.tflite: was cut off after 100 bytes \(nothing has come for 0.05 s\)/,
    waiting,
  );
  const leaving = new Readable({ read: () => undefined });
  const left = upload.receive({ file: 'left', replace: false, bytes: null }, leaving);
  leaving.push(TINY.subarray(0, 200));
  leaving.destroy();
  await refused(/left.tflite: was cut off after \d+ bytes/, left);
  assert.equal((await send('other')).ok, true);
});

test('stopping ends an upload, and nothing is taken before the start', async () => {
  const endless = new Readable({ read: () => undefined });
  endless.push(TINY.subarray(0, 100));
  const waiting = upload.receive({ file: 'late', replace: false, bytes: null }, endless);
  await until('it is being written', () => readdirSync(folder).length === 1);
  await upload.stop();
  await refused(/the program is stopping/, waiting);
  await refused(/starting or stopping/, send('late'));
});

test('what a killed program has left is removed at the start, what another writes is not', async () => {
  const gone = spawnSync('true').pid;
  for (const pid of [gone, process.pid, process.ppid]) {
    writeFileSync(join(folder, `.upload-${pid}`), 'unfinished');
  }
  await (await made()).stop();
  assert.deepEqual(readdirSync(folder), [`.upload-${process.ppid}`]);
});
