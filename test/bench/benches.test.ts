/** Every bench in its tiny form, through the command line: figures of the right shape. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BENCHES } from '../../app/bench/benches.ts';
import type { BenchResult } from '../../app/bench/result.ts';
import { edgepool } from '../support/edgepool.ts';
import { scratchFolder } from '../support/scratch.ts';
import { testWithMade } from '../support/shared.ts';

const scratch = scratchFolder();

function plausible(result: BenchResult): void {
  assert.ok(result.tables.length > 0, result.bench);
  assert.equal(result.command, `edgepool bench ${result.bench}`);
  for (const { id, rows, contenders } of result.tables) {
    assert.ok(rows.length > 0, `${result.bench} ${id}: no rows`);
    const known = contenders.map((contender) => contender.id);
    for (const { label, cells } of rows) {
      assert.ok(Object.keys(cells).length > 0, `${id} ${label}: no figures`);
      for (const [contender, { median, p95, p99, worst, samples }] of Object.entries(cells)) {
        const where = `${result.bench} ${id} ${label} ${contender}`;
        assert.ok(known.includes(contender), where);
        assert.ok(samples > 0, where);
        assert.ok(Number.isFinite(median) && Number.isFinite(worst), where);
        assert.ok(median <= p95 && p95 <= p99 && p99 <= worst, where);
      }
    }
  }
  for (const { measured, wanted, relation, reached } of result.targets) {
    const holds =
      measured !== null && (relation === 'at most' ? measured <= wanted : measured >= wanted);
    assert.equal(reached, holds);
  }
}

testWithMade('every bench works and says what it found', async () => {
  const folder = join(scratch.path, 'pages');
  const json = join(scratch.path, 'all.json');
  const args = ['bench', 'all', '--tiny', '--json', json, '--pages', folder];
  const { status, out, err } = await edgepool(args);
  assert.equal(status, 0, err);
  const results = JSON.parse(readFileSync(json, 'utf8')) as BenchResult[];
  assert.deepEqual(
    results.map(({ bench }) => bench),
    BENCHES.map(({ name }) => name),
  );
  for (const result of results) {
    plausible(result);
    assert.ok(out.includes(`${result.bench}: edgepool bench ${result.bench}\n`), out);
  }
  const calls = results.find(({ bench }) => bench === 'alloc');
  const counted = calls?.tables.find(({ id }) => id === 'instructions')?.rows[0]?.cells;
  const instructions = Object.values(counted ?? {}).map(({ median }) => median);
  assert.equal(instructions.length, 6);
  assert.equal(Math.min(...instructions), counted?.bump?.median, 'nothing is below the bump arena');
  const page = readFileSync(join(folder, 'benchmarks.md'), 'utf8');
  for (const [, picture] of page.matchAll(/\]\((benchmarks\/[^)]+\.svg)\)/g)) {
    assert.ok(existsSync(join(folder, picture ?? '')), picture);
  }
});

testWithMade('one bench alone runs alone, and what judges others runs them before', async () => {
  const { status, out } = await edgepool(['bench', 'concurrent', '--tiny']);
  assert.equal(status, 0);
  assert.equal(out.match(/: edgepool bench /g)?.length, 1);
  const judge = BENCHES.find(({ needs }) => needs !== undefined);
  const before = BENCHES.slice(0, -1).map(({ name }) => name);
  assert.deepEqual([...(judge?.needs ?? [])].sort(), before.sort());
});
