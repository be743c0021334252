import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PictureFolder } from '../../app/control/picture-folder.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const picture = (number: number) => ({ jpeg: Buffer.from(`picture ${number}`), number });

test('a picture is a whole file for its owner alone, named by source, time and frame', async () => {
  const path = join(scratch.path, 'new', 'folder');
  const file = await new PictureFolder(path, 3).keep('front', picture(7));
  assert.match(file, /\/new\/folder\/front-\d{8}T\d{6}\.\d{3}Z-7\.jpg$/);
  assert.equal(readFileSync(file, 'utf8'), 'picture 7');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.equal(readdirSync(path).length, 1);
});

test('the oldest of all sources go, and what is not ours stays', async () => {
  const path = join(scratch.path, 'bounded');
  mkdirSync(path);
  scratch.write('bounded/holiday.jpg', 'mine');
  const folder = new PictureFolder(path, 3);
  for (const number of [1, 2, 3, 4, 5]) {
    await folder.keep(number % 2 === 0 ? 'a' : 'z-1', picture(number));
  }
  const left = readdirSync(path).map((name) => name.replace(/-\d{8}T[\d.]+Z-/, ' '));
  assert.deepEqual(left.sort(), ['a 4.jpg', 'holiday.jpg', 'z-1 3.jpg', 'z-1 5.jpg']);
});

test('a folder that cannot be written is said in one line that names the setting', async () => {
  const file = scratch.write('file', 'no folder');
  const kept = new PictureFolder(join(file, 'below'), 3).keep('a', picture(1));
  await assert.rejects(
    kept,
    /^Error: snapshots\.folder .*\/below: cannot be written \(ENOTDIR\); .*$/,
  );
});
