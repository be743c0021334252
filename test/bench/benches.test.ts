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

for (const { name } of BENCHES) {
  testWithMade(`bench ${name} works and says what it found`, async () => {
    const folder = join(scratch.path, name);
    const json = join(scratch.path, `${name}.json`);
    const args = ['bench', name, '--tiny', '--json', json, '--pages', folder];
    const { status, out, err } = await edgepool(args);
    assert.equal(status, 0, err);
    const [result, ...others] = JSON.parse(readFileSync(json, 'utf8')) as BenchResult[];
    assert.deepEqual([result?.bench, others], [name, []]);
    if (result) plausible(result);
    assert.ok(out.startsWith(`${name}: edgepool bench ${name}\n`), out);
    const page = readFileSync(join(folder, 'benchmarks.md'), 'utf8');
    for (const [, picture] of page.matchAll(/\]\((benchmarks\/[^)]+\.svg)\)/g)) {
      assert.ok(existsSync(join(folder, picture ?? '')), picture);
    }
  });
}
