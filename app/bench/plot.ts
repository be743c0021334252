import { box, element, escapeText, text } from '../drawing/svg.ts';
import { type BenchTable, OURS } from './result.ts';
import { figure, ratioText } from './terminal.ts';

const WIDTH = 960;
const LEFT = 250;
const RIGHT = 150;
const INNER = WIDTH - LEFT - RIGHT;
const BAR = 14;
const GAP = 4;
const ROW_GAP = 14;
const TOP = 58;
const OURS_COLOUR = '#0072b2';
const OTHER_COLOUR = '#b8c0cb';
const P99_COLOUR = '#4a5868';
const STYLE =
  'svg{background:#fff}text{font:12px system-ui,"DejaVu Sans",sans-serif;fill:#3a4654}' +
  '.title{font-size:15px;font-weight:600}.row{font-weight:600}';

/** Every contender's median as a bar and its p99 as a mark, row by row, one scale for each row. */
export function plot(table: BenchTable): string {
  const parts: string[] = [];
  let y = TOP;
  for (const row of table.rows) {
    const there = table.contenders.flatMap((contender) => {
      const cell = row.cells[contender.id];
      return cell === undefined ? [] : [{ contender, cell }];
    });
    const most = Math.max(...there.map(({ cell }) => Math.max(cell.p99, cell.median)), 1e-12);
    parts.push(text(12, y + 11, row.label, { class: 'row' }));
    y += BAR + GAP;
    for (const { contender, cell } of there) {
      const length = (value: number) => (Math.max(value, 0) / most) * INNER;
      const colour = contender.id === OURS ? OURS_COLOUR : OTHER_COLOUR;
      const ratio = ratioText(cell.ratio);
      const words = `${figure(cell.median)}${ratio === '' ? '' : `  (${ratio} ours)`}`;
      parts.push(
        text(LEFT - 8, y + 11, contender.title, { 'text-anchor': 'end' }),
        box({ x: LEFT, y, width: Math.max(length(cell.median), 1), height: BAR }, colour),
        box({ x: LEFT + length(cell.p99) - 1, y: y - 1, width: 2, height: BAR + 2 }, P99_COLOUR),
        text(LEFT + INNER + 10, y + 11, words),
      );
      y += BAR + GAP;
    }
    y += ROW_GAP;
  }
  const subtitle = `${table.unit}; bars: median, marks: p99; ${table.better} is better`;
  const content = [
    element('style', {}, STYLE),
    text(12, 22, table.title, { class: 'title' }),
    text(12, 42, subtitle),
    ...parts,
  ];
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${WIDTH} ${y}`,
    width: WIDTH,
    height: y,
    role: 'img',
    'aria-label': escapeText(table.title),
  };
  return `${element('svg', attributes, content.join('\n'))}\n`;
}
