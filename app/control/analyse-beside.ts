import { isTree } from '../config/layer.ts';
import { BESIDE_FRAMES, runChild } from '../native/child.ts';
import type { Fields } from './answer.ts';

export interface AnalyseBesideOptions {
  /** Shared library with the TensorFlow Lite C API; null: the default one. */
  library: string | null;
  /** How this program was started; by default as this process was. */
  program?: readonly string[];
}

const MOST_OUTPUT_BYTES = 8 * 2 ** 20;

/** Runs `edgepool analyze` as a child, so that replaying a recording holds up no frame. */
export async function analyseBeside(
  options: AnalyseBesideOptions,
  file: string,
  { threads, signal }: { threads: number; signal: AbortSignal },
): Promise<Fields> {
  const { library, program = [...process.execArgv, process.argv[1] ?? ''] } = options;
  const words = [...program, 'analyze', '--json', '--threads', String(threads), file];
  const { EDGEPOOL_CONFIG: _config, ...environment } = process.env;
  const runtime = library === null ? {} : { EDGEPOOL_RUNTIME_LIBRARY: library };
  const out = await outputOf(words, { ...environment, ...runtime }, signal);
  const answer: unknown = JSON.parse(out);
  const [model] = isTree(answer) && Array.isArray(answer.models) ? answer.models : [];
  if (!isTree(model)) throw new Error(`${file}: the analysis answered without a model`);
  const { file: _path, ...figures } = model;
  return figures;
}

async function outputOf(
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string> {
  const options = {
    environment,
    niceness: BESIDE_FRAMES,
    mostOutputBytes: MOST_OUTPUT_BYTES,
    signal,
  };
  const { output, errors, status, killed } = await runChild(process.execPath, words, options);
  if (killed === 'abort') throw new Error('the program is stopping');
  if (status === 0) return output;
  throw new Error(errors.trim().replace(/^edgepool: /, '') || 'the analysis ended');
}
