import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineText } from './machine.ts';
import { plot } from './plot.ts';
import { type BenchResult, type BenchTable, OURS, type Target } from './result.ts';
import { figure, ratioText, verdict } from './terminal.ts';

const HEAD = `# Benchmarks

Every figure on this page was written by the command above it, in one run, the contenders taking
turns. Medians; p99 beside them; the ratio is a contender's median over ours, so above 1 is worse
than edgepool where less is better. What was wanted and not reached says so in the same letters as
what was. \`make bench\` writes this page anew.
`;

const escapeCell = (text: string) => text.replaceAll('|', '\\|');

const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |`;

function markdownTable({ rows, contenders, unit }: BenchTable): string {
  const head = [unit, 'contender', 'median', 'p95', 'p99', 'worst', 'samples', 'to ours'];
  const body = rows.flatMap((row) =>
    contenders.flatMap(({ id, title }) => {
      const cell = row.cells[id];
      if (cell === undefined) return [];
      const { median, p95, p99, worst, samples, ratio } = cell;
      const figures = [median, p95, p99, worst].map(figure);
      const name = id === OURS ? `**${title}**` : title;
      return [[row.label, name, ...figures, String(samples), ratioText(ratio)]];
    }),
  );
  return [
    line(head),
    line(['---', '---', ...head.slice(2).map(() => '---:')]),
    ...body.map(line),
  ].join('\n');
}

function targetTable(targets: readonly Target[]): string {
  const rows = targets.map((target) => [
    target.what,
    `${target.relation} ${figure(target.wanted)}`,
    target.measured === null ? '-' : figure(target.measured),
    verdict(target),
  ]);
  const head = ['what', 'wanted', 'measured', ''];
  return [head, head.map(() => '---'), ...rows].map(line).join('\n');
}

const plotName = ({ bench }: BenchResult, { id }: BenchTable) => `${bench}-${id}.svg`;

function section(result: BenchResult): string {
  const tables = result.tables.map((table) => {
    const cache = table.cache === null ? '' : ` Page cache: ${table.cache}.`;
    const picture = `![${table.title}](benchmarks/${plotName(result, table)})`;
    return `### ${table.title}\n\n${table.better} is better.${cache}\n\n${picture}\n\n${markdownTable(table)}`;
  });
  const parts = [
    `## ${result.bench}`,
    `\`${result.command}\` (${result.seconds} s)`,
    machineText(result.machine),
    result.about,
    ...(result.targets.length > 0 ? [targetTable(result.targets)] : []),
    ...result.notes.map((note) => `* ${note}`),
    ...tables,
  ];
  return parts.join('\n\n');
}

/** Writes benchmarks.md and benchmarks/*.svg into a folder. */
export function writePages(folder: string, results: readonly BenchResult[]): void {
  const pictures = join(folder, 'benchmarks');
  mkdirSync(pictures, { recursive: true });
  for (const result of results) {
    for (const table of result.tables) {
      writeFileSync(join(pictures, plotName(result, table)), plot(table));
    }
  }
  const page = [HEAD.trimEnd(), ...results.map(section)].join('\n\n');
  writeFileSync(join(folder, 'benchmarks.md'), `${page}\n`);
}
