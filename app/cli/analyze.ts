import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type AnalysedModel, analyseModel } from '../analysis/analyse-model.ts';
import { mtraceLogs } from '../analysis/mtrace.ts';
import { analysisPage } from '../analysis/page.ts';
import { makePlanFile, type PlanFile } from '../analysis/plan-file.ts';
import { runtimeIdentity } from '../analysis/runtime-identity.ts';
import { modelTables, regionTable } from '../analysis/tables.ts';
import { framesBytes } from '../boot/plan.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { RUNTIME_POOL_BYTES } from '../models/runtime.ts';
import { loadNative } from '../native/library.ts';
import { writeWhole } from '../telemetry/report.ts';
import { type Arguments, parseArguments } from './arguments.ts';
import { UsageError } from './usage-error.ts';

const FILE_OPTIONS = ['--plan', '--mtrace', '--html', '--json'];
const MODEL_ENDING = '.tflite';
const STDOUT = '-';
const MOST_THREADS = 64;
const MOST_SECONDS = 86_400;

/** `--json` alone writes to standard output; a word that ends in .json behind it is its file. */
function completeJson(args: readonly string[]): string[] {
  return args.flatMap((arg, index) => {
    if (args[index - 1] === '--json' && arg.endsWith('.json')) return [];
    if (arg !== '--json') return [arg];
    const next = args[index + 1];
    return [`--json=${next?.endsWith('.json') ? next : STDOUT}`];
  });
}

/** Files as they are, folders as the models in them. */
function modelFiles(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    if (!statSync(word, { throwIfNoEntry: false })?.isDirectory()) return [word];
    const files = readdirSync(word).filter((file) => file.endsWith(MODEL_ENDING));
    if (files.length === 0) throw new Error(`${word}: there is no ${MODEL_ENDING} file in it`);
    return files.sort().map((file) => join(word, file));
  });
}

function threadsOf({ values }: Arguments): number {
  const text = values.get('--threads')?.at(-1) ?? '1';
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS) return threads;
  throw new UsageError(`--threads ${text}: must be a whole number from 1 to ${MOST_THREADS}`);
}

function timeoutOf({ values }: Arguments): { timeoutMs?: number } {
  const text = values.get('--timeout')?.at(-1);
  if (text === undefined) return {};
  const seconds = Number(text);
  if (seconds > 0 && seconds <= MOST_SECONDS) return { timeoutMs: seconds * 1000 };
  throw new UsageError(
    `--timeout ${text}: must be seconds, more than 0 and at most ${MOST_SECONDS}`,
  );
}

async function planOf(models: readonly AnalysedModel[], config: Config): Promise<PlanFile> {
  return makePlanFile(models, {
    runtime: await runtimeIdentity(config.runtime.library),
    runtimeBytes: RUNTIME_POOL_BYTES,
    framesBytes: framesBytes(loadNative(), config, models.length),
    reserve: config.region.reserve,
  });
}

function report(models: readonly AnalysedModel[], plan: PlanFile): string {
  const described = models.map(
    ({ file, sha256, fileBytes, threads, runsOn, loadMs, analysis }) => ({
      file,
      sha256,
      file_bytes: fileBytes,
      threads,
      runs_on: runsOn,
      load_ms: loadMs,
      ...analysis,
    }),
  );
  return `${JSON.stringify({ models: described, region: plan.region }, null, 2)}\n`;
}

/** Shows how models use memory before they are deployed, and writes the plan that `run` obeys. */
export async function analyze(args: readonly string[]): Promise<number> {
  const shape = { valued: [...FILE_OPTIONS, '--threads', '--timeout'], plain: [], words: true };
  const parsed = parseArguments(completeJson(args), shape);
  if (parsed.words.length === 0) throw new UsageError('analyze needs at least one MODEL or folder');
  const options = { threads: threadsOf(parsed), ...timeoutOf(parsed) };
  const config = loadConfig({ file: null, environment: process.env, flags: null });
  const file = (option: string) => parsed.values.get(option)?.at(-1);
  const toStdout = file('--json') === STDOUT;
  const models: AnalysedModel[] = [];
  for (const path of modelFiles(parsed.words)) {
    const model = await analyseModel(path, { ...options, library: config.runtime.library });
    models.push(model);
    if (!toStdout) process.stdout.write(`${modelTables(model)}\n`);
  }
  const plan = await planOf(models, config);
  const texts: Record<string, () => string> = {
    '--plan': () => `${JSON.stringify(plan, null, 2)}\n`,
    '--mtrace': () => mtraceLogs(models.map(({ trace }) => trace)),
    '--html': () => analysisPage(models, plan),
    '--json': () => report(models, plan),
  };
  for (const [option, text] of Object.entries(texts)) {
    const path = file(option);
    if (path !== undefined && path !== STDOUT) writeWhole(path, text());
  }
  process.stdout.write(toStdout ? report(models, plan) : regionTable(plan));
  return 0;
}
