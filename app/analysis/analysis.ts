import type { Fit } from '../models/trial.ts';
import { OWNERS, type Owner, ownersOf } from './owners.ts';
import { isThere, type Replay, replay } from './replay.ts';
import { PHASES, type Phase, type Trace } from './trace.ts';

/** What one phase asked for. */
export interface PhaseFigures {
  phase: Phase;
  allocations: number;
  frees: number;
  /** Requested by its allocations. */
  bytes: number;
  largest_bytes: number;
  /** Blocks of it that were still there at the end. */
  kept: number;
  /** Of those that were not: how long half of them lived at most. null: there were none. */
  median_life_us: number | null;
  /** Most that was live in the phase, of every phase before too. */
  peak_bytes: number;
  threads: number;
}

export interface OwnerFigures {
  owner: Owner;
  /** Live at the peak. */
  peak_bytes: number;
  peak_blocks: number;
  /** Live at the end, when only later invokes would follow. */
  steady_bytes: number;
  steady_blocks: number;
}

/** How many requests there were of at most so many bytes, above the class before. */
export interface SizeClass {
  up_to_bytes: number;
  count: number;
  bytes: number;
}

/** What a chunk makes of the model: mapped memory that is never used is waste. */
export interface ChunkFigures {
  chunk_bytes: number;
  mapped_bytes: number;
  quota_bytes: number;
  waste_bytes: number;
  utilisation: number;
}

export interface Recommendation {
  chunk_bytes: number;
  mapped_bytes: number;
  quota_bytes: number;
  why: string;
  /** A bit for each allocation of the load, in hexadecimal: whether it goes to the high end. */
  ends: string;
}

/** Everything that is learnt from a recorded load and the runs after it. */
export interface Analysis {
  /** Live with the heap's headers and padding, as the pool counts it. */
  peak_bytes: number;
  steady_bytes: number;
  allocations: number;
  live_blocks: number;
  external_fragmentation: number;
  internal_fragmentation: number;
  phases: PhaseFigures[];
  owners: OwnerFigures[];
  histogram: SizeClass[];
  chunks: ChunkFigures[];
  pool: Recommendation;
}

/** What the trial load has counted itself. */
export interface Counted {
  peakBytes: number;
  liveBytes: number;
  liveBlocks: number;
  allocations: number;
  externalFragmentation: number;
  internalFragmentation: number;
  fits: readonly Fit[];
  ends: Uint8Array;
}

/** Chunks that a pool on ordinary pages can have. */
const ORDINARY_CHUNK_BYTES = 32768;
const FIRST_CLASS_BYTES = 16;

export function analyse(trace: Trace, counted: Counted): Analysis {
  const story = replay(trace);
  const chunks = counted.fits.map((fit) => chunkFigures(fit, counted.peakBytes));
  return {
    peak_bytes: counted.peakBytes,
    steady_bytes: counted.liveBytes,
    allocations: counted.allocations,
    live_blocks: counted.liveBlocks,
    external_fragmentation: counted.externalFragmentation,
    internal_fragmentation: counted.internalFragmentation,
    phases: phaseFigures(trace, story),
    owners: ownerFigures(story),
    histogram: histogramOf(story.lives.map(({ bytes }) => bytes)),
    chunks,
    pool: { ...recommend(chunks), ends: Buffer.from(counted.ends).toString('hex') },
  };
}

function chunkFigures({ chunkBytes, mappedBytes, poolBytes }: Fit, peak: number): ChunkFigures {
  return {
    chunk_bytes: chunkBytes,
    mapped_bytes: mappedBytes,
    quota_bytes: poolBytes,
    waste_bytes: mappedBytes - peak,
    utilisation: peak / mappedBytes,
  };
}

function phaseFigures({ steps }: Trace, { lives, live }: Replay): PhaseFigures[] {
  return PHASES.filter((phase) => phase !== 'none' && phase !== 'unload').map((phase) => {
    const own = lives.filter((life) => life.phase === phase);
    const numbers = steps.flatMap((step, index) => (step.phase === phase ? [index] : []));
    const durations = own
      .flatMap(({ bornNs, diedNs }) => (diedNs === null ? [] : [(diedNs - bornNs) / 1000]))
      .sort((a, b) => a - b);
    return {
      phase,
      allocations: own.length,
      frees: numbers.filter((index) => steps[index]?.operation !== 'alloc').length,
      bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
      largest_bytes: own.reduce((most, { bytes }) => Math.max(most, bytes), 0),
      kept: own.filter(({ died }) => died === null).length,
      median_life_us: durations[Math.floor((durations.length - 1) / 2)] ?? null,
      peak_bytes: numbers.reduce((most, index) => Math.max(most, live[index] ?? 0), 0),
      threads: new Set(numbers.map((index) => steps[index]?.thread)).size,
    };
  });
}

function ownerFigures({ lives, peakStep }: Replay): OwnerFigures[] {
  const owners = ownersOf(lives);
  return OWNERS.map((owner) => {
    const own = lives.filter((life) => owners.get(life) === owner);
    const peak = own.filter((life) => isThere(life, peakStep));
    const steady = own.filter(({ died }) => died === null);
    return {
      owner,
      peak_bytes: peak.reduce((sum, { bytes }) => sum + bytes, 0),
      peak_blocks: peak.length,
      steady_bytes: steady.reduce((sum, { bytes }) => sum + bytes, 0),
      steady_blocks: steady.length,
    };
  });
}

/** Classes of powers of two; empty ones at both ends are left out. */
export function histogramOf(sizes: readonly number[]): SizeClass[] {
  const classes: SizeClass[] = [];
  for (const bytes of sizes) {
    const index = Math.max(0, Math.ceil(Math.log2(Math.max(bytes, 1) / FIRST_CLASS_BYTES)));
    while (classes.length <= index) {
      classes.push({ up_to_bytes: FIRST_CLASS_BYTES * 2 ** classes.length, count: 0, bytes: 0 });
    }
    const found = classes[index];
    if (found === undefined) continue;
    found.count += 1;
    found.bytes += bytes;
  }
  const first = classes.findIndex(({ count }) => count > 0);
  return first < 0 ? [] : classes.slice(first);
}

const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;

/** Of the ordinary chunks the one that wastes less; at equal waste the larger, in fewer pieces. */
function recommend(chunks: readonly ChunkFigures[]): Omit<Recommendation, 'ends'> {
  const ordinary = chunks.filter(({ chunk_bytes }) => chunk_bytes <= ORDINARY_CHUNK_BYTES);
  const [best, ...others] = [...ordinary].sort(
    (a, b) => a.waste_bytes - b.waste_bytes || b.chunk_bytes - a.chunk_bytes,
  );
  if (best === undefined) throw new Error('a model was tried in no pool with ordinary chunks');
  const { chunk_bytes, mapped_bytes, quota_bytes, waste_bytes } = best;
  const beside = others
    .map((other) => `${other.chunk_bytes / 1024} KiB chunks waste ${kib(other.waste_bytes)}`)
    .join(', ');
  const tie = others.some((other) => other.waste_bytes === waste_bytes) ? ', larger is fewer' : '';
  const why = `${chunk_bytes / 1024} KiB chunks waste ${kib(waste_bytes)}, ${beside}${tie}`;
  return { chunk_bytes, mapped_bytes, quota_bytes, why };
}
