import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { labelOf, loadLabels } from '../../app/models/labels.ts';
import { sha256Bytes, sha256File } from '../../app/models/sha256.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edgepool-'));
});
after(() => rm(folder, { recursive: true }));

test('labels are one a line, whatever ends the lines, and blank ones at the end are none', async () => {
  const file = join(folder, 'labels.txt');
  await writeFile(file, '\uFEFFbackground\r\ntench, Tinca tinca \r\n\r\ncat\n\n\n');
  const labels = await loadLabels(file);
  assert.deepEqual(labels, ['background', 'tench, Tinca tinca', '', 'cat']);
  assert.equal(labelOf(labels, 3), 'cat');
  assert.equal(labelOf(labels, 2), 'class 2');
  assert.equal(labelOf(labels, 99), 'class 99');
});

test('labels that cannot be read are refused with the name of the file', async () => {
  const file = join(folder, 'missing.txt');
  await assert.rejects(loadLabels(file), (error: Error) => error.message.includes(file));
});

test('the digest of a file of several pieces is that of its bytes', async () => {
  const file = join(folder, 'model.bin');
  const bytes = Buffer.alloc(3_000_001, 'edgepool');
  await writeFile(file, bytes);
  const expected = createHash('sha256').update(bytes).digest('hex');
  assert.equal(await sha256File(file), expected);
  assert.equal(sha256Bytes(bytes), expected);
});

test('a file that cannot be digested is named', async () => {
  await assert.rejects(sha256File(folder), (error: Error) => error.message.includes(folder));
});
