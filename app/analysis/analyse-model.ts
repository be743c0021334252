import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { sha256File } from '../models/sha256.ts';
import { trial } from '../models/trial.ts';
import { type Analysis, analyse } from './analysis.ts';
import { readTrace, type Trace } from './trace.ts';

/** Chunks that are compared. The first is the one of the recorded pool. */
const CHUNK_BYTES = [16 * 1024, 32 * 1024, 2048 * 1024];
/** Runs after the first, for what only later runs allocate. */
const LATER_INVOKES = 5;

export interface AnalysedModel {
  file: string;
  sha256: string;
  fileBytes: number;
  threads: number;
  /** The delegate that the model got. */
  runsOn: string;
  loadMs: number;
  analysis: Analysis;
  trace: Trace;
}

export interface AnalyseOptions {
  threads: number;
  /** Shared library with the TensorFlow Lite C API; null: the default one. */
  library: string | null;
  /** How long the load and the runs may take; by default as a trial's. */
  timeoutMs?: number;
}

/** Records a load and a few runs in a child process. Throws what the child says of a bad model. */
export async function analyseModel(file: string, options: AnalyseOptions): Promise<AnalysedModel> {
  const { library, ...limits } = options;
  const folder = await mkdtemp(join(tmpdir(), 'edgepool-analyze-'));
  try {
    const record = { file: join(folder, 'trace'), invokes: LATER_INVOKES };
    const chunkBytes = CHUNK_BYTES;
    const verdict = await trial({ file, ...limits, runtimeLibrary: library, chunkBytes, record });
    if (!verdict.ok) throw new Error(verdict.message);
    const trace = readTrace(record.file);
    const { fileBytes, delegate: runsOn, loadMs } = verdict;
    const sha256 = await sha256File(file);
    const analysis = analyse(trace, verdict);
    return { file, sha256, fileBytes, threads: limits.threads, runsOn, loadMs, analysis, trace };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function titleOf({ file }: AnalysedModel): string {
  return basename(file);
}
