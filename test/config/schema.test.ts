import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configurationPage } from '../../app/config/documentation.ts';
import { variableOf } from '../../app/config/environment-layer.ts';
import { isTree } from '../../app/config/layer.ts';
import { loadConfig } from '../../app/config/load.ts';
import { listSettings, nodeAt } from '../../app/config/settings.ts';

function leaves(value: unknown, path: string[] = []): string[] {
  if (!isTree(value) || Object.keys(value).length === 0) return [path.join('.')];
  return Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key]));
}

test('docs/configuration.md is what the schema gives (scripts/write-docs.ts writes it)', () => {
  const committed = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  assert.equal(committed, configurationPage());
});

test('a loaded configuration has every setting of the schema and no other', () => {
  const config = loadConfig({ file: null, environment: {}, flags: null });
  const settings = listSettings().map((setting) => setting.path.join('.'));
  assert.deepEqual(leaves({ ...config, models: [] }).sort(), settings.sort());
});

test('a loaded model has every setting that the schema gives a model', () => {
  const flags = { values: { models: [{ file: 'a.tflite' }] }, usage: true, subject: String };
  const config = loadConfig({ file: null, environment: {}, flags });
  const settings = Object.keys(nodeAt(['models', 0])?.properties ?? {});
  assert.deepEqual(Object.keys(config.models[0] ?? {}).sort(), settings.sort());
});

test('every setting says what it means and has a default or a computed one', () => {
  for (const { path, node } of listSettings()) {
    assert.ok(node.description, path.join('.'));
    assert.ok(node.default !== undefined || node.computed !== undefined, path.join('.'));
  }
});

test('no two settings share a variable', () => {
  const variables = listSettings()
    .map(variableOf)
    .filter((variable) => variable !== null);
  assert.equal(new Set(variables).size, variables.length);
});
