import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plot } from '../../app/bench/plot.ts';
import type { BenchResult, BenchTable } from '../../app/bench/result.ts';
import { percentile, rowOf, target } from '../../app/bench/statistics.ts';
import { terminalText } from '../../app/bench/terminal.ts';
import { WIDTH } from '../../app/drawing/text.ts';

const table: BenchTable = {
  id: 'first',
  title: 'First load',
  unit: 'ms',
  better: 'less',
  cache: 'warm',
  contenders: [
    { id: 'edgepool', title: 'edgepool' },
    { id: 'glibc', title: 'glibc' },
    { id: 'absent', title: 'absent' },
  ],
  rows: [
    rowOf('a model with a name that is much too long for a line', {
      edgepool: [2, 1, 3],
      glibc: [4, 4, 8],
      absent: [],
    }),
  ],
};

const result: BenchResult = {
  bench: 'load',
  about: 'How long it takes, in words that go on for longer than one line of a terminal has room.',
  command: 'edgepool bench load',
  machine: {
    processor: 'x',
    cores: 2,
    memory_bytes: 2 ** 32,
    kernel: '6.1',
    page_bytes: 4096,
    shmem_huge_pages: 'never',
    node: 'v20',
  },
  tables: [table],
  targets: [
    target('won', 'at most', 0.5, 0.4),
    target('lost', 'at least', 0.5, 0.4),
    target('unknown', 'at most', 0.5, null),
  ],
  notes: ['A note.'],
  seconds: 1,
};

test('a percentile is a value that was measured', () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.equal(percentile(samples, 0.5), 50);
  assert.equal(percentile(samples, 0.99), 99);
  assert.equal(percentile(samples, 1), 100);
  assert.equal(percentile([7], 0.01), 7);
  assert.throws(() => percentile([], 0.5));
});

test('the worst of a figure of which more is better is the least', () => {
  const samples = { edgepool: Array.from({ length: 100 }, (_, index) => index + 1) };
  const { p95, p99, worst, median } = rowOf('rate', samples, 'more').cells.edgepool ?? {};
  assert.deepEqual({ p95, p99, worst, median }, { p95: 6, p99: 2, worst: 1, median: 50 });
});

test('a row relates every contender to ours and leaves out who did not take part', () => {
  const [{ cells }] = table.rows as [BenchTable['rows'][0]];
  assert.deepEqual(Object.keys(cells), ['edgepool', 'glibc']);
  assert.equal(cells.edgepool?.ratio, null);
  assert.equal(cells.glibc?.median, 4);
  assert.equal(cells.glibc?.ratio, 2);
  assert.equal(cells.glibc?.worst, 8);
});

test('a terminal of 80 columns has room for everything, lost or won', () => {
  const text = terminalText(result);
  for (const line of text.split('\n')) assert.ok([...line].length <= WIDTH, line);
  assert.match(text, /^ {2}REACHED: won: 0.4, wanted at most 0.5$/m);
  assert.match(text, /^ {2}NOT REACHED: lost: 0.4, wanted at least 0.5$/m);
  assert.match(text, /^ {2}NOT MEASURED: unknown: -, wanted at most 0.5$/m);
});

test('a plot draws every contender that took part, to one scale', () => {
  const svg = plot(table);
  const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)" height="14"/g)].map((m) =>
    Number(m[1]),
  );
  assert.equal(widths.length, 2);
  assert.ok(Math.abs((widths[1] ?? 0) / (widths[0] ?? 1) - 2) < 0.01, String(widths));
  assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  assert.doesNotMatch(svg, /NaN|undefined/);
});
