import type { AnalysedModel } from './analyse-model.ts';
import { titleOf } from './analyse-model.ts';
import type { Analysis } from './analysis.ts';
import type { PlanFile } from './plan-file.ts';

const WIDTH = 80;
const BAR_WIDTH = 24;
const NAME_WIDTH = 30;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** `12.3 MiB`, always of four figures at most. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB'];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const count = (value: number) => value.toLocaleString('en-US');

function time(us: number | null): string {
  if (us === null) return '-';
  return us < 1000 ? `${us.toFixed(1)} us` : `${(us / 1000).toFixed(1)} ms`;
}

/** As long as the share of the whole, in eighths of a column; never empty for what is there. */
export function bar(value: number, whole: number): string {
  if (value <= 0 || whole <= 0) return '';
  const eighths = Math.max(1, Math.round((value / whole) * BAR_WIDTH * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}

/** Columns as wide as their widest cell, the first to the left, others to the right; `bars` left. */
function table(rows: readonly (readonly string[])[], bars = false): string[] {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    `  ${row
      .map((cell, column) => {
        const left = column === 0 || (bars && column === columns - 1);
        return left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
      })
      .join('  ')}`.trimEnd(),
  );
}

/** Words in lines that fit. */
function wrap(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length + 3 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `  ${line}`);
}

function phases({ phases }: Analysis): string[] {
  const head = ['phase', 'allocs', 'frees', 'bytes', 'largest', 'kept', 'lifetime', 'peak'];
  const rows = phases.map((phase) => [
    phase.phase,
    count(phase.allocations),
    count(phase.frees),
    size(phase.bytes),
    size(phase.largest_bytes),
    count(phase.kept),
    time(phase.median_life_us),
    size(phase.peak_bytes),
  ]);
  return table([head, ...rows]);
}

function owners({ owners }: Analysis): string[] {
  const most = Math.max(...owners.map(({ peak_bytes }) => peak_bytes));
  const rows = owners.map((owner) => [
    owner.owner,
    size(owner.peak_bytes),
    count(owner.peak_blocks),
    size(owner.steady_bytes),
    bar(owner.peak_bytes, most),
  ]);
  return table([['who asked', 'at the peak', 'blocks', 'at the end', ''], ...rows], true);
}

function histogram({ histogram }: Analysis): string[] {
  const most = Math.max(...histogram.map((entry) => entry.count));
  const rows = histogram.map((entry) => [
    `up to ${size(entry.up_to_bytes)}`,
    count(entry.count),
    size(entry.bytes),
    bar(entry.count, most),
  ]);
  return table([['requests', 'count', 'bytes', ''], ...rows], true);
}

function chunks({ chunks, pool }: Analysis): string[] {
  const rows = chunks.map((chunk) => [
    `${count(chunk.chunk_bytes / 1024)} KiB`,
    size(chunk.mapped_bytes),
    size(chunk.quota_bytes),
    size(chunk.waste_bytes),
    percent(chunk.utilisation),
    chunk.chunk_bytes === pool.chunk_bytes ? 'taken' : '',
  ]);
  return table([['chunk', 'mapped', 'quota', 'waste', 'utilisation', ''], ...rows]);
}

function headline(model: AnalysedModel): string {
  const threads = `${model.threads} thread${model.threads === 1 ? '' : 's'}`;
  const facts = `${size(model.fileBytes)}, ${threads}, ${model.runsOn}`;
  const title = titleOf(model);
  const room = Math.max(WIDTH - facts.length - 2, 8);
  return `${title.length > room ? `${title.slice(0, room - 1)}…` : title}: ${facts}`.slice(
    0,
    WIDTH,
  );
}

/** Everything about one model, for a terminal of 80 columns. */
export function modelTables(model: AnalysedModel): string {
  const { analysis } = model;
  const { pool } = analysis;
  const summary =
    `peak ${size(analysis.peak_bytes)}, steady ${size(analysis.steady_bytes)} in ` +
    `${count(analysis.live_blocks)} blocks; ${count(analysis.allocations)} allocations; ` +
    `fragmentation ${percent(analysis.external_fragmentation)} external, ` +
    `${percent(analysis.internal_fragmentation)} internal`;
  const advice = `pool: ${size(pool.mapped_bytes)} mapped, quota ${size(pool.quota_bytes)}: ${pool.why}`;
  const blocks = [
    [headline(model), ...wrap(summary)],
    phases(analysis),
    owners(analysis),
    histogram(analysis),
    [...chunks(analysis), ...wrap(advice)],
  ];
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** What all of them need together. */
export function regionTable({ models, region }: PlanFile): string {
  const most = Math.max(...models.map(({ pool }) => pool.quota_bytes));
  const short = (name: string) =>
    name.length > NAME_WIDTH ? `${name.slice(0, NAME_WIDTH - 1)}…` : name;
  const rows = models.map(({ file, peak_bytes, pool }) => [
    short(file),
    size(peak_bytes),
    size(pool.quota_bytes),
    bar(pool.quota_bytes, most),
  ]);
  const pools = table([['pool', 'peak', 'quota', ''], ...rows], true);
  const advice =
    `region: ${size(region.capacity_bytes)} for the models' pools ` +
    `${size(region.models_bytes)}, the runtime's ${size(region.runtime_bytes)}, frames ` +
    `${size(region.frames_bytes)} and ${Math.round(region.reserve * 100)} % reserve`;
  return `${[...pools, ...wrap(advice)].join('\n')}\n`;
}
