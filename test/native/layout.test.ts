import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  Compression,
  Delegate,
  EP_ABI_VERSION,
  EP_COMPRESSION_BYTES,
  EP_OWNER_COMPRESSION,
  EP_SEAL_BYTES,
  EP_SEALED_PIECE_BYTES,
  EventKind,
  FitMode,
  Lock,
  Pages,
  Residence,
  SourceKind,
  Status,
  TensorType,
} from '../../app/native/constants.ts';
import { prototypes } from '../../app/native/prototypes.ts';
import { structs } from '../../app/native/structs.ts';

const include = fileURLToPath(new URL('../../native/include', import.meta.url));
const header = readFileSync(join(include, 'edgepool.h'), 'utf8');

/** What each enumerator of the header is called here. */
const enumerators: Record<string, number> = {
  ...Status,
  EP_ABI_VERSION,
  EP_COMPRESSION_BYTES,
  EP_OWNER_COMPRESSION,
  EP_SEAL_BYTES,
  EP_SEALED_PIECE_BYTES,
  ...renamed('EP_LOCK_', Lock),
  ...renamed('EP_PAGES_', Pages),
  ...renamed('EP_COMPRESSION_', Compression),
  ...renamed('EP_', Residence),
  ...renamed('EP_FIT_', FitMode),
  ...renamed('EP_DELEGATE_', Delegate),
  ...renamed('EP_TYPE_', TensorType),
  ...renamed('EP_SOURCE_', SourceKind),
  ...renamed('EP_EVENT_', EventKind),
};

function renamed(prefix: string, values: Record<string, number>): Record<string, number> {
  const name = (key: string) =>
    key
      .replaceAll('+', '_')
      .replace(/([a-z])([A-Z])/g, '$1_$2')
      .toUpperCase();
  return Object.fromEntries(Object.entries(values).map(([key, v]) => [prefix + name(key), v]));
}

let folder = '';
/** Sizes, offsets and constants as the C compiler sees them, by the expression that gives them. */
let compiled: Map<string, number>;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'edgepool-layout-'));
  const expressions: string[] = Object.keys(enumerators);
  for (const [name, type] of Object.entries(structs)) {
    expressions.push(`sizeof(${name})`, `_Alignof(${name})`);
    for (const member of Object.keys(type.members ?? {})) {
      expressions.push(`offsetof(${name}, ${member})`, `sizeof(((${name}*)0)->${member})`);
    }
  }
  const lines = expressions.map((e) => `  printf("%lld\\t%s\\n", (long long)(${e}), "${e}");`);
  const source = join(folder, 'layout.c');
  writeFileSync(
    source,
    `#include <stdio.h>\n#include "edgepool.h"\nint main(void) {\n${lines.join('\n')}\n}\n`,
  );
  const program = join(folder, 'layout');
  execFileSync('cc', ['-std=c11', '-I', include, '-o', program, source]);
  const output = execFileSync(program, { encoding: 'utf8' });
  compiled = new Map(
    output
      .trim()
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([value, expression]) => [expression as string, Number(value)]),
  );
});

after(() => rmSync(folder, { recursive: true }));

for (const [name, type] of Object.entries(structs)) {
  test(`${name} lies in memory as the C compiler lays it`, () => {
    assert.equal(type.size, compiled.get(`sizeof(${name})`));
    assert.equal(type.alignment, compiled.get(`_Alignof(${name})`));
    for (const [member, { offset, type: its }] of Object.entries(type.members ?? {})) {
      assert.equal(offset, compiled.get(`offsetof(${name}, ${member})`), member);
      assert.equal(its.size, compiled.get(`sizeof(((${name}*)0)->${member})`), member);
    }
  });
}

test('every struct of the header that has members is declared', () => {
  const defined = [...header.matchAll(/typedef struct (\w+) \{/g)].map(([, name]) => name);
  assert.ok(defined.length > 10);
  assert.deepEqual(Object.keys(structs).sort(), defined.sort());
});

test('the constants are those of the header', () => {
  for (const [name, value] of Object.entries(enumerators)) {
    assert.equal(value, compiled.get(name), name);
  }
});

test('every function of the header is declared, with as many parameters', () => {
  const declared = new Map(prototypes.map((prototype) => signature(prototype)));
  const text = header.replace(/\/\*[\s\S]*?\*\//g, '');
  const functions = [...text.matchAll(/^EP_API ([^;]+);/gm)].map(([, each]) =>
    signature((each as string).replace(/\s+/g, ' ')),
  );
  assert.ok(functions.length > 40);
  assert.deepEqual(
    new Map([...declared].sort()),
    new Map(functions.sort(([a], [b]) => (a < b ? -1 : 1))),
  );
});

function signature(prototype: string): [name: string, parameters: number] {
  const match = /(ep_\w+)\((.*)\)$/.exec(prototype);
  const parameters = match?.[2] === 'void' ? [] : (match?.[2]?.split(',') ?? []);
  return [match?.[1] ?? prototype, parameters.length];
}
