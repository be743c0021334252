import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { type ChildEnd, runChild } from '../native/child.ts';
import { Delegate, type DelegateName, type StatusName, statusName } from '../native/constants.ts';
import { nativeLibrary } from '../native/library.ts';
import { delegateName } from './delegate-name.ts';
import type { ExternalDelegate } from './external-delegate.ts';
import { runtimeLibrary } from './runtime-library.ts';
import { roundUp } from './sizing.ts';

export interface TrialOptions {
  file: string;
  /** Stands in messages; by default the file's name without its ending. */
  name?: string;
  threads?: number;
  delegate?: DelegateName;
  /** Of the delegate `external`. */
  external?: ExternalDelegate | null;
  runtimeLibrary?: string | null;
  /** Chunk of the pool that the model will get, or several to compare; by default 16384. */
  chunkBytes?: number | readonly number[];
  /** Records every operation on a pool of the first chunk, with so many runs after the load. */
  record?: { file: string; invokes: number };
  /** How long a load may take; by default 60 s. */
  timeoutMs?: number;
  /** Ends the child when it aborts; the trial then rejects. */
  signal?: AbortSignal;
  /** 0 to 19: how far it stands back behind others. */
  niceness?: number;
  /** Region of the first try; by default by the size of the file. */
  capacityBytes?: number;
}

/** The least memory of whole chunks in which a model was seen to load and run. */
export interface Fit {
  chunkBytes: number;
  /** What to map before the load. */
  mappedBytes: number;
  /** The quota: the peak and 20 %, or more where its blocks need more to lie in. */
  poolBytes: number;
}

/** What a trial load has shown. `message` is one line that names the file. */
export type Verdict =
  | {
      ok: true;
      /** Most that the model had taken of its pool at any time of the load. */
      peakBytes: number;
      liveBytes: number;
      requestedBytes: number;
      liveBlocks: number;
      allocations: number;
      externalFragmentation: number;
      internalFragmentation: number;
      /** One for each chunk asked for, in that order; never empty. */
      fits: [Fit, ...Fit[]];
      /** Which blocks stay, for `Pool.place`: a bit for each allocation. */
      ends: Uint8Array;
      fileBytes: number;
      /** As in the snapshot: `xnnpack+qs8`, `none (xnnpack+qu8 refused)`. */
      delegate: string;
      /** Its file leaves height and width of its first input open. */
      openSize: boolean;
      loadMs: number;
    }
  | {
      ok: false;
      reason: 'refused' | 'crashed' | 'timeout';
      status: StatusName | null;
      message: string;
    };

/** What the child prints. */
type Answer =
  | {
      ok: true;
      peak_bytes: number;
      live_bytes: number;
      requested_bytes: number;
      live_blocks: number;
      allocations: number;
      external_fragmentation: number;
      internal_fragmentation: number;
      fits: { chunk_bytes: number; mapped_bytes: number; pool_bytes: number }[];
      /** Hexadecimal. */
      ends: string;
      file_bytes: number;
      delegate: number;
      delegate_tried: number;
      open_size: number;
      load_ns: number;
    }
  | { ok: false; status: number; message: string };

const PROGRAM = 'edgepool-trial';
const DEFAULT_CHUNK_BYTES = 16384;
const DEFAULT_TIMEOUT_MS = 60_000;
const MIB = 1024 * 1024;
/** A model takes two to four times its file; its tensors do not depend on the file at all. */
const CAPACITY_PER_FILE_BYTE = 4;
const CAPACITY_BESIDE_FILE_BYTES = 48 * MIB;
/** Tries with twice the region before each, while a model finds its own too small. */
const TRIES = 5;

/**
 * Loads a model in a child process, which may crash or hang without harm: whether it runs, and the
 * size of a pool in which it does. Never rejects for the model's sake.
 */
export async function trial(options: TrialOptions): Promise<Verdict> {
  const { file } = options;
  let capacityBytes = options.capacityBytes ?? (await firstCapacity(file));
  for (let tries = 1; ; tries += 1) {
    const verdict = judge(file, await run(options, capacityBytes), options);
    const tooSmall =
      !verdict.ok && (verdict.status === 'EP_E_POOL_FULL' || verdict.status === 'EP_E_REGION_FULL');
    if (!tooSmall || tries === TRIES) {
      return verdict;
    }
    capacityBytes *= 2;
  }
}

async function firstCapacity(file: string): Promise<number> {
  try {
    const { size } = await stat(file);
    return roundUp(size * CAPACITY_PER_FILE_BYTE + CAPACITY_BESIDE_FILE_BYTES, 2 * MIB);
  } catch {
    // The child finds the same and says so in its own words, as for every other file.
    return CAPACITY_BESIDE_FILE_BYTES;
  }
}

function run(options: TrialOptions, capacityBytes: number): Promise<ChildEnd> {
  const { file, threads, delegate, timeoutMs } = options;
  const program = join(dirname(nativeLibrary()), PROGRAM);
  if (!existsSync(program)) {
    throw new Error(`${program} is missing: build it with 'make build'`);
  }
  const words = [
    runtimeLibrary(options.runtimeLibrary),
    file,
    options.name ?? basename(file, extname(file)),
    String(threads ?? 1),
    delegateWord(delegate, options.external),
    [options.chunkBytes ?? DEFAULT_CHUNK_BYTES].flat().join(),
    String(capacityBytes),
    ...(options.record ? [options.record.file, String(options.record.invokes)] : []),
  ];
  const { signal, niceness } = options;
  return runChild(program, words, {
    timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS,
    ...(signal ? { signal } : {}),
    ...(niceness === undefined ? {} : { niceness }),
  });
}

/** As the child takes it: a number; of an external one also its library, and its options by lines. */
function delegateWord(delegate: DelegateName = 'auto', external?: ExternalDelegate | null): string {
  const number = String(Delegate[delegate]);
  return external ? [`${number}:${external.library}`, ...external.options].join('\n') : number;
}

function judge(file: string, ending: ChildEnd, options: TrialOptions): Verdict {
  if (ending.killed === 'abort') throw new Error(`${file}: the trial load was ended`);
  if (ending.killed === 'timeout') {
    const seconds = (options.timeoutMs ?? DEFAULT_TIMEOUT_MS) / 1000;
    const message = `${file}: the trial load did not end in ${seconds} s: do not use this model`;
    return { ok: false, reason: 'timeout', status: null, message };
  }
  if (ending.status !== 0) {
    const how = ending.signal ?? `status ${ending.status}`;
    const last = ending.errors.trim().split('\n').at(-1);
    const message = `${file}: the trial load crashed (${how}${last ? `, ${last}` : ''}): do not use this model`;
    return { ok: false, reason: 'crashed', status: null, message };
  }
  const answer = JSON.parse(ending.output) as Answer;
  return answer.ok ? findings(file, answer) : refusal(file, answer);
}

function refusal(file: string, { message, status }: Answer & { ok: false }): Verdict {
  return {
    ok: false,
    reason: 'refused',
    status: statusName(status),
    message: message.includes(file) ? message : `${file}: ${message}`,
  };
}

function findings(file: string, answer: Answer & { ok: true }): Verdict {
  const [first, ...others] = answer.fits.map((fit) => ({
    chunkBytes: fit.chunk_bytes,
    mappedBytes: fit.mapped_bytes,
    poolBytes: fit.pool_bytes,
  }));
  if (first === undefined) throw new Error(`${file}: the trial load told no size of a pool`);
  return {
    ok: true,
    peakBytes: answer.peak_bytes,
    liveBytes: answer.live_bytes,
    requestedBytes: answer.requested_bytes,
    liveBlocks: answer.live_blocks,
    allocations: answer.allocations,
    externalFragmentation: answer.external_fragmentation,
    internalFragmentation: answer.internal_fragmentation,
    fits: [first, ...others],
    ends: Buffer.from(answer.ends, 'hex'),
    fileBytes: answer.file_bytes,
    delegate: delegateName(answer.delegate, answer.delegate_tried),
    openSize: answer.open_size === 1,
    loadMs: answer.load_ns / 1e6,
  };
}
