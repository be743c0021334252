import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { COMMANDS } from '../../app/control/commands.ts';
import { commandsPage, requestSchemas } from '../../app/control/documentation.ts';

test('docs/commands.md is what the schemas give (scripts/write-docs.ts writes it)', () => {
  const committed = readFileSync(new URL('../../docs/commands.md', import.meta.url), 'utf8');
  assert.equal(committed, commandsPage());
});

test('docs/mqtt/set.schema.json is what the schemas are, and JSON Schema', () => {
  const file = new URL('../../docs/mqtt/set.schema.json', import.meta.url);
  const committed = readFileSync(file, 'utf8');
  assert.equal(committed, requestSchemas());
  const ajv = new Ajv({ allowUnionTypes: true, strictTypes: false });
  ajv.addSchema(JSON.parse(committed));
  const load = ajv.getSchema('set.schema.json#/definitions/load');
  assert.equal(load?.({ id: 'a1', file: 'tiny', every: 2 }), true);
  assert.equal(load?.({ file: 'tiny', every: 0 }), false);
  assert.equal(load?.({ every: 2 }), false);
});

test('every argument of every command says what it means', () => {
  for (const { name, schema } of COMMANDS) {
    for (const [key, { description }] of Object.entries(schema.properties)) {
      assert.ok(description, `${name} ${key}`);
    }
  }
});
