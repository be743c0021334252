import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { isTree } from '../config/layer.ts';
import type { Fields } from './answer.ts';

export interface AnalyseBesideOptions {
  /** Shared library with the TensorFlow Lite C API; null: the default one. */
  library: string | null;
  /** How this program was started; by default as this process was. */
  program?: readonly string[];
}

const NICE = 10;
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

function outputOf(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
      signal,
    });
    // Frames go first.
    if (child.pid !== undefined) setPriority(child.pid, NICE);
    const said = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.out += text;
      if (said.out.length > MOST_OUTPUT_BYTES) child.kill('SIGKILL');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.err = `${said.err}${text}`.slice(-4096);
    });
    child.once('error', (error) => {
      reject(signal.aborted ? new Error('the program is stopping') : error);
    });
    child.once('close', (code) => {
      if (code === 0) resolve(said.out);
      else reject(new Error(said.err.trim().replace(/^edgepool: /, '') || 'the analysis ended'));
    });
  });
}
