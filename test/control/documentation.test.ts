import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COMMANDS } from '../../app/control/commands.ts';
import { commandsPage } from '../../app/control/documentation.ts';

test('docs/commands.md is what the schemas give (scripts/write-docs.ts writes it)', () => {
  const committed = readFileSync(new URL('../../docs/commands.md', import.meta.url), 'utf8');
  assert.equal(committed, commandsPage());
});

test('every argument of every command says what it means', () => {
  for (const { name, schema } of COMMANDS) {
    for (const [key, { description }] of Object.entries(schema.properties)) {
      assert.ok(description, `${name} ${key}`);
    }
  }
});
