import { table, wrap } from '../drawing/text.ts';
import { machineText } from './machine.ts';
import { type BenchResult, type BenchRow, type BenchTable, OURS, type Target } from './result.ts';

const LABEL_WIDTH = 30;

/** Three figures that count. */
export function figure(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return size >= 0.01 ? Number(value.toPrecision(3)).toString() : value.toExponential(1);
}

export const ratioText = (ratio: number | null): string =>
  ratio === null ? '' : `${ratio.toFixed(2)}x`;

const short = (label: string) =>
  label.length > LABEL_WIDTH ? `${label.slice(0, LABEL_WIDTH - 1)}…` : label;

function rowLines(row: BenchRow, { contenders }: BenchTable): string[][] {
  return contenders.flatMap(({ id, title }) => {
    const cell = row.cells[id];
    if (cell === undefined) return [];
    const { median, p99, worst, ratio } = cell;
    const name = id === OURS ? `${title} *` : title;
    return [[`  ${name}`, figure(median), figure(p99), figure(worst), ratioText(ratio)]];
  });
}

function tableLines(of: BenchTable): string[] {
  const cache = of.cache === null ? '' : `, page cache ${of.cache}`;
  const head = [`${of.unit}, ${of.better} is better`, 'median', 'p99', 'worst', 'to ours'];
  const rows = of.rows.flatMap((row) => [[short(row.label), '', '', '', ''], ...rowLines(row, of)]);
  return [...wrap(`${of.title}${cache}`), ...table([head, ...rows])];
}

export function verdict({ reached, measured }: Target): string {
  if (measured === null) return 'NOT MEASURED';
  return reached ? 'REACHED' : 'NOT REACHED';
}

function targetLines(targets: readonly Target[]): string[] {
  return targets.flatMap((target) => {
    const measured = target.measured === null ? '-' : figure(target.measured);
    return wrap(
      `${verdict(target)}: ${target.what}: ${measured}, wanted ${target.relation} ` +
        figure(target.wanted),
    );
  });
}

/** One bench for a terminal of 80 columns. */
export function terminalText(result: BenchResult): string {
  const head = [`${result.bench}: ${result.command}`, ...wrap(result.about)];
  const blocks = [
    [...head, ...wrap(machineText(result.machine))],
    ...result.tables.map(tableLines),
    targetLines(result.targets),
    result.notes.flatMap((note) => wrap(note)),
  ];
  const filled = blocks.filter((lines) => lines.length > 0);
  return `${filled.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}
