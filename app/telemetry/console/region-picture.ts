import { fit, mebibytes, width } from './text.ts';

export interface PictureOptions {
  columns: number;
  colour: boolean;
}

export interface PictureBlock {
  name: string;
  bytes: number;
}

interface Ink {
  /** Fills the block's part of the bar. */
  cell: string;
  /** Before the block's name in the legend. */
  mark: string;
}

const ESCAPE = String.fromCharCode(27);
/** Of the 256-colour palette: apart from each other on dark and light ground. */
const PALETTE = [39, 208, 42, 170, 220, 75, 203, 114, 141, 180];
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const INDENT = '  ';

function ink(index: number, colour: boolean): Ink {
  if (!colour) {
    const letter = LETTERS[index % LETTERS.length] ?? '?';
    return { cell: letter, mark: letter };
  }
  const paint = (text: string) =>
    `${ESCAPE}[38;5;${PALETTE[index % PALETTE.length]}m${text}${ESCAPE}[0m`;
  return { cell: paint('█'), mark: paint('■') };
}

function freeInk(colour: boolean): Ink {
  if (!colour) return { cell: '.', mark: '.' };
  return { cell: `${ESCAPE}[2m░${ESCAPE}[0m`, mark: `${ESCAPE}[2m░${ESCAPE}[0m` };
}

/** Cells by largest remainder, whoever has anything getting one at least. */
function cellsOf(sizes: readonly number[], cells: number): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total === 0) return sizes.map(() => 0);
  const exact = sizes.map((size) => (size / total) * cells);
  const given = exact.map((share) => (share > 0 ? Math.max(1, Math.floor(share)) : 0));
  const sum = () => given.reduce((total_, count) => total_ + count, 0);
  const neediest = (sign: 1 | -1) =>
    exact
      .map((share, index) => ({ lack: sign * (share - (given[index] ?? 0)), index }))
      .filter(({ index }) => sign === 1 || (given[index] ?? 0) > 1)
      .reduce<{ lack: number; index: number } | null>(
        (best, next) => (best === null || next.lack > best.lack ? next : best),
        null,
      );
  while (sum() !== cells) {
    const sign = sum() < cells ? 1 : -1;
    const next = neediest(sign);
    if (next === null) break;
    given[next.index] = (given[next.index] ?? 0) + sign;
  }
  return given;
}

function wrap(entries: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const entry of entries) {
    const longer = `${lines.at(-1)}  ${entry}`;
    if (lines.length > 0 && width(longer) <= columns) lines[lines.length - 1] = longer;
    else lines.push(INDENT + entry);
  }
  return lines;
}

/** The region as a bar, each pool a block as long as its share, with a legend under it. */
export function regionPicture(
  blocks: readonly PictureBlock[],
  capacity_bytes: number,
  { columns, colour }: PictureOptions,
): string[] {
  const taken = blocks.reduce((sum, block) => sum + block.bytes, 0);
  const all = [...blocks, { name: 'free', bytes: Math.max(0, capacity_bytes - taken) }];
  const inks = all.map((_, index) =>
    index === all.length - 1 ? freeInk(colour) : ink(index, colour),
  );
  const cells = cellsOf(
    all.map((block) => block.bytes),
    columns - 2 * INDENT.length,
  );
  const bar = all.map((_, index) => (inks[index]?.cell ?? '').repeat(cells[index] ?? 0)).join('');
  const entries = all.map(({ name, bytes }, index) => {
    const figures = ` ${mebibytes(bytes)}`;
    const longest = columns - INDENT.length - figures.length - 2;
    return `${inks[index]?.mark} ${fit(name, longest)}${figures}`;
  });
  return [INDENT + bar, ...wrap(entries, columns)];
}
