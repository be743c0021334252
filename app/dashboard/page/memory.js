/** Draws where memory is: the region's chunks, and the blocks inside each pool. */

const COLOURS = [
  '#4ea1ff',
  '#ffb454',
  '#7ee0a1',
  '#f07bb0',
  '#b79cff',
  '#5fd4d6',
  '#e8d66b',
  '#ff8f6b',
];
export const FREE = '#263241';
const HOLE = '#0d1218';
/** Lent: who owns the chunks (EP_OWNER_LENT), and how they are drawn. */
export const LENT_OWNER = 65535;
export const LENT = '#c3cfdb';
const EDGE = '#00000055';
const CELL = 7;
const STRIP_HEIGHT = 30;

/** The same pool keeps its colour for as long as the page is open. */
const colours = new Map();
function colourOf(name) {
  if (!colours.has(name)) colours.set(name, COLOURS[colours.size % COLOURS.length]);
  return colours.get(name);
}

function resize(canvas, height) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d');
  context.scale(ratio, ratio);
  return { context, width };
}

/** One cell for each chunk, in rows; with more chunks than room, one for several. Those of pools
 *  that are parked are hollow, those that are lent cut in half. */
export function drawRegion(canvas, { chunks, pools }, parked) {
  const names = new Map(pools.map(({ id, name }) => [id, name]));
  const total = chunks.reduce((sum, [, count]) => sum + count, 0);
  const width = canvas.clientWidth;
  const columns = Math.max(1, Math.floor(width / CELL));
  const most = columns * 44;
  const each = Math.max(1, Math.ceil(total / most));
  const rows = Math.ceil(total / each / columns);
  const { context } = resize(canvas, rows * CELL);
  let at = 0;
  for (const [owner, count] of chunks) {
    const cellOf = cellsOf(owner, names.get(owner) ?? 'others', parked);
    const end = at + count;
    // A cell shows the owner of its first chunk.
    for (let cell = Math.ceil(at / each); cell * each < end; cell += 1) {
      const x = (cell % columns) * CELL;
      const y = Math.floor(cell / columns) * CELL;
      cellOf(context, x, y);
    }
    at = end;
  }
}

/** How the cells of an owner are drawn. */
function cellsOf(owner, name, parked) {
  if (owner === LENT_OWNER) return halfCell;
  if (owner === 0) return (context, x, y) => fullCell(context, x, y, FREE);
  const colour = colourOf(name);
  if (!parked.has(name)) return (context, x, y) => fullCell(context, x, y, colour);
  return (context, x, y) => {
    fullCell(context, x, y, colour);
    context.fillStyle = HOLE;
    context.fillRect(x + 2, y + 2, CELL - 5, CELL - 5);
  };
}

function fullCell(context, x, y, colour) {
  context.fillStyle = colour;
  context.fillRect(x, y, CELL - 1, CELL - 1);
}

function halfCell(context, x, y) {
  fullCell(context, x, y, HOLE);
  context.fillStyle = LENT;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + CELL - 1, y);
  context.lineTo(x, y + CELL - 1);
  context.fill();
}

/** Used blocks in the pool's colour with their edges, free ones dark. */
export function drawPool(canvas, { name, blocks }) {
  const used = colourOf(name);
  const drawn = blocks.map((bytes) => ({
    bytes: Math.abs(bytes),
    colour: bytes > 0 ? used : HOLE,
  }));
  drawBlocks(canvas, drawn);
}

/** Side by side, as wide as their bytes. */
export function drawBlocks(canvas, blocks) {
  const { context, width } = resize(canvas, STRIP_HEIGHT);
  const total = blocks.reduce((sum, { bytes }) => sum + bytes, 0);
  let at = 0;
  for (const { bytes, colour } of blocks) {
    const x = (at / total) * width;
    const wide = (bytes / total) * width;
    context.fillStyle = colour;
    context.fillRect(x, 0, Math.max(wide, 0.5), STRIP_HEIGHT);
    if (colour !== HOLE && wide > 3) {
      context.fillStyle = EDGE;
      context.fillRect(x, 0, 1, STRIP_HEIGHT);
    }
    at += bytes;
  }
}

export { colourOf };
