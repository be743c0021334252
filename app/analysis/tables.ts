import { bar, size, table, WIDTH, wrap } from '../drawing/text.ts';
import type { AnalysedModel } from './analyse-model.ts';
import { titleOf } from './analyse-model.ts';
import type { Analysis } from './analysis.ts';
import type { PlanFile } from './plan-file.ts';

const NAME_WIDTH = 30;

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const count = (value: number) => value.toLocaleString('en-US');

function time(us: number | null): string {
  if (us === null) return '-';
  return us < 1000 ? `${us.toFixed(1)} us` : `${(us / 1000).toFixed(1)} ms`;
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
