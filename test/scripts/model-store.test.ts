import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import {
  CATALOGUE,
  type CatalogueEntry,
  defaultJob,
  TRAINED,
} from '../../scripts/models/catalogue.ts';
import { ModelStore } from '../../scripts/models/model-store.ts';

function entryOf(name: string): CatalogueEntry {
  const entry = CATALOGUE.find((candidate) => candidate.name === name);
  assert.ok(entry, name);
  return entry;
}

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edgepool-models-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('the same bytes come out on every run and machine', async () => {
  // Change these together with MAKER_VERSION, never without.
  const expected = {
    tiny: '9b9358ecbd761b43f65f8bc71d3c03c004c522ddc6a0244986c212f32782d710',
    tiny_int8: '8a909ca0446161549fea0ada5b14ade8fb7bdddc70636a4fe253806b77ab5473',
    mobilenet_v3_small: '94526211886b4b03c06668d2719b676d033aed5159d7528df87ac352702d09e4',
  };
  const store = new ModelStore(folder);
  const made: Record<string, string> = {};
  for (const name of Object.keys(expected)) {
    made[name] = (await store.make(entryOf(name))).sha256;
  }
  assert.deepEqual(made, expected);
});

test('a form made alone equals the one made beside the other', async () => {
  const alone = await new ModelStore(folder).make(entryOf('tiny_int8'));
  await rm(alone.file);
  const store = new ModelStore(folder);
  await store.make(entryOf('tiny'));
  assert.equal((await store.make(entryOf('tiny_int8'))).sha256, alone.sha256);
});

test('a file that is right is left alone', async () => {
  const first = await new ModelStore(folder).make(entryOf('tiny'));
  const { mtimeMs } = await stat(first.file);
  const second = await new ModelStore(folder).make(entryOf('tiny'));
  assert.deepEqual(second, { ...first, fresh: false });
  assert.equal((await stat(first.file)).mtimeMs, mtimeMs);
});

test('a damaged file is made again', async () => {
  const first = await new ModelStore(folder).make(entryOf('tiny'));
  await appendFile(first.file, 'x');
  const second = await new ModelStore(folder).make(entryOf('tiny'));
  assert.equal(second.fresh, true);
  assert.equal((await stat(first.file)).size, first.bytes);
});

test('files of another version of the maker are made again', async () => {
  await new ModelStore(folder).make(entryOf('tiny'));
  const manifestFile = join(folder, 'models.json');
  const manifest = JSON.parse(await readFile(manifestFile, 'utf8')) as { maker_version: number };
  manifest.maker_version -= 1;
  await writeFile(manifestFile, JSON.stringify(manifest));
  assert.equal((await new ModelStore(folder).make(entryOf('tiny'))).fresh, true);
});

test('a torn manifest costs a new start, not the run', async () => {
  await new ModelStore(folder).make(entryOf('tiny'));
  await writeFile(join(folder, 'models.json'), '{"maker_ver');
  assert.equal((await new ModelStore(folder).make(entryOf('tiny'))).fresh, true);
});

test('nothing but models, manifest and job is left in the folder', async () => {
  const store = new ModelStore(folder);
  await store.make(entryOf('tiny'));
  await store.writeDefaultJob();
  assert.deepEqual((await readdir(folder)).sort(), [
    'default-job.json',
    'models.json',
    'shapes.tflite',
    'shapes.txt',
    'tiny.tflite',
  ]);
});

test('the default job names the trained model and models of the catalogue', () => {
  const [trained, ...made] = defaultJob();
  assert.deepEqual([trained?.file, trained?.labels], TRAINED.files);
  assert.equal(made.length, 2);
  for (const { name, file } of made) assert.equal(file, `${entryOf(name).name}.tflite`);
});
