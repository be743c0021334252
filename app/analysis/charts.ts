import { box, element, marks, picture, text } from '../drawing/svg.ts';
import { size } from '../drawing/text.ts';
import type { AnalysedModel } from './analyse-model.ts';
import type { SizeClass } from './analysis.ts';
import { OWNERS, type Owner, ownersOf } from './owners.ts';
import { isThere, type Life, replay } from './replay.ts';
import type { Phase, Trace } from './trace.ts';

const WIDTH = 960;
const LEFT = 84;
const RIGHT = 12;
const INNER = WIDTH - LEFT - RIGHT;
const MIB = 2 ** 20;

/** Told apart also by those who do not see all colours (Okabe and Ito's set). */
const OWNER_COLOURS: Readonly<Record<Owner, string>> = {
  file: '#0072b2',
  'packed weights': '#e69f00',
  'delegate workspace': '#009e73',
  arena: '#cc79a7',
  scratch: '#d55e00',
  'small objects': '#56b4e9',
};
const FREE = '#eceff3';
const LINE = '#1f4e79';
const PHASE_SHADES = ['#ffffff', '#f1f4f8'];

interface Point {
  x: number;
  y: number;
}

/** Live bytes over time, the phases behind them. */
export function timeline({ trace, analysis }: AnalysedModel): string {
  const height = 260;
  const [top, bottom] = [34, height - 34];
  const { steps } = trace;
  const { live } = replay(trace);
  const start = steps[0]?.timeNs ?? 0;
  const span = Math.max((steps.at(-1)?.timeNs ?? 0) - start, 1);
  const most = Math.max(analysis.peak_bytes, 1);
  const x = (timeNs: number) => LEFT + ((timeNs - start) / span) * INNER;
  const y = (bytes: number) => bottom - (bytes / most) * (bottom - top);
  const points = thin(steps.map(({ timeNs }, index) => ({ x: x(timeNs), y: y(live[index] ?? 0) })));
  const path = points.map((point, index) =>
    index === 0 ? `M${short(point.x)} ${short(point.y)}` : `H${short(point.x)}V${short(point.y)}`,
  );
  const area = `${path.join('')}H${WIDTH - RIGHT}V${bottom}H${LEFT}Z`;
  const ms = marks(span / 1e6, 1).map((mark) =>
    text(x(start + mark * 1e6), height - 14, `${Number(mark.toPrecision(3))} ms`, {
      'text-anchor': 'middle',
    }),
  );
  const content = [
    phaseBands(trace, x, top, bottom),
    byteMarks(most, y),
    element('path', { d: area, fill: LINE, 'fill-opacity': 0.18 }),
    element('path', { d: path.join(''), fill: 'none', stroke: LINE, 'stroke-width': 1.6 }),
    ...ms,
  ];
  return picture(WIDTH, height, 'Live bytes over time', content.join(''));
}

const short = (value: number) => Math.round(value * 10) / 10;

/** Of all points in one column of pixels the first, the highest, the lowest and the last stay. */
function thin(points: readonly Point[]): Point[] {
  const columns = new Map<number, Point[]>();
  for (const point of points) {
    const column = Math.floor(point.x);
    columns.set(column, [...(columns.get(column) ?? []).slice(-40), point]);
  }
  return [...columns.values()].flatMap((column) => {
    if (column.length <= 4) return column;
    const ys = column.map(({ y }) => y);
    const [high, low] = [ys.indexOf(Math.min(...ys)), ys.indexOf(Math.max(...ys))];
    const keep = [...new Set([0, high, low, column.length - 1])].sort((a, b) => a - b);
    return keep.flatMap((index) => column[index] ?? []);
  });
}

function phaseBands(
  { steps }: Trace,
  x: (ns: number) => number,
  top: number,
  bottom: number,
): string {
  const bands: { phase: Phase; from: number }[] = [];
  for (const { phase, timeNs } of steps) {
    if (bands.at(-1)?.phase !== phase) bands.push({ phase, from: x(timeNs) });
  }
  return bands
    .map(({ phase, from }, index) => {
      const width = (bands[index + 1]?.from ?? WIDTH - RIGHT) - from;
      const shade = PHASE_SHADES[index % 2] ?? FREE;
      const band = box({ x: from, y: top, width, height: bottom - top }, shade, phase);
      const wide = width > phase.length * 6.6;
      return wide
        ? band + text(from + width / 2, top - 8, phase, { 'text-anchor': 'middle' })
        : band;
    })
    .join('');
}

function byteMarks(most: number, y: (bytes: number) => number): string {
  return marks(most, most > 2 * MIB ? MIB : 1024)
    .map((mark) => {
      const line = { x1: LEFT, x2: WIDTH - RIGHT, y1: y(mark), y2: y(mark), stroke: '#ccd3dc' };
      return (
        element('line', line) + text(LEFT - 8, y(mark) + 4, size(mark), { 'text-anchor': 'end' })
      );
    })
    .join('');
}

/** How many requests of each class of sizes. */
export function sizeHistogram(classes: readonly SizeClass[]): string {
  const height = 220;
  const [top, bottom] = [20, height - 30];
  const most = Math.max(...classes.map(({ count }) => count), 1);
  const step = INNER / Math.max(classes.length, 1);
  const columns = classes.map(({ up_to_bytes, count, bytes }, index) => {
    const tall = (count / most) * (bottom - top);
    const place = { x: LEFT + index * step + 3, y: bottom - tall, width: step - 6, height: tall };
    const middle = { 'text-anchor': 'middle' };
    const centre = LEFT + (index + 0.5) * step;
    const label = size(up_to_bytes).replace('.0 ', ' ').replace('iB', '');
    return [
      box(place, LINE, `${count} requests up to ${size(up_to_bytes)}, ${size(bytes)} in sum`),
      count > 0 ? text(centre, bottom - tall - 5, String(count), middle) : '',
      text(centre, height - 12, label, middle),
    ].join('');
  });
  const axis = text(LEFT - 8, height - 12, 'up to', { 'text-anchor': 'end' });
  return picture(WIDTH, height, 'Requests by size', axis + columns.join(''));
}

interface Piece {
  owner: Owner;
  from: number;
  to: number;
  blocks: number;
}

/** Between two blocks of one owner that lie side by side there are a header and padding at most. */
const SEAM_BYTES = 32;

function piecesAt(lives: readonly Life[], step: number): Piece[] {
  const owners = ownersOf(lives);
  const there = lives.filter((life) => isThere(life, step)).sort((a, b) => a.offset - b.offset);
  const pieces: Piece[] = [];
  for (const life of there) {
    const owner = owners.get(life) ?? 'small objects';
    const [from, to] = [life.offset, life.offset + life.bytes];
    const last = pieces.at(-1);
    if (last?.owner === owner && from - last.to <= SEAM_BYTES) {
      last.to = to;
      last.blocks += 1;
    } else {
      pieces.push({ owner, from, to, blocks: 1 });
    }
  }
  return pieces;
}

/** Where everything lies in the pool when most is live: addresses run as text does. */
export function poolMap({ trace, analysis }: AnalysedModel): string {
  const { lives, peakStep } = replay(trace);
  const mapped = analysis.chunks[0]?.mapped_bytes ?? analysis.pool.mapped_bytes;
  const rows = 16;
  const [rowHeight, gap] = [15, 3];
  const rowBytes = mapped / rows;
  const y = (row: number) => row * (rowHeight + gap);
  const content: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    content.push(
      box({ x: LEFT, y: y(row), width: INNER, height: rowHeight }, FREE, 'free'),
      text(LEFT - 8, y(row) + 12, size(Math.round(row * rowBytes)), { 'text-anchor': 'end' }),
    );
  }
  for (const { owner, from, to, blocks } of piecesAt(lives, peakStep)) {
    const hint = `${owner}: ${size(to - from)} in ${blocks} block${blocks === 1 ? '' : 's'}`;
    for (let row = Math.floor(from / rowBytes); row * rowBytes < to; row += 1) {
      const begin = Math.max(from - row * rowBytes, 0) / rowBytes;
      const end = Math.min(to - row * rowBytes, rowBytes) / rowBytes;
      const place = { x: LEFT + begin * INNER, y: y(row), height: rowHeight };
      const width = Math.max((end - begin) * INNER, 0.4);
      content.push(box({ ...place, width }, OWNER_COLOURS[owner], hint));
    }
  }
  return picture(WIDTH, y(rows), 'The pool at its peak', content.join(''));
}

/** What the colours of the map mean, for who is in it. */
export function legend({ analysis }: AnalysedModel): string {
  const entries = OWNERS.map((owner) => {
    const figures = analysis.owners.find((entry) => entry.owner === owner);
    return { owner, bytes: figures?.peak_bytes ?? 0 };
  }).filter(({ bytes }) => bytes > 0);
  const item = (colour: string, words: string) =>
    element('li', {}, element('span', { style: `background:${colour}` }) + words);
  const items = entries.map(({ owner, bytes }) =>
    item(OWNER_COLOURS[owner], `${owner} ${size(bytes)}`),
  );
  return element('ul', { class: 'legend' }, [...items, item(FREE, 'free')].join(''));
}
