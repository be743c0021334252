import { loadConfig } from '../config/load.ts';
import { trial, type Verdict } from '../models/trial.ts';
import { parseArguments } from './arguments.ts';
import { UsageError } from './usage-error.ts';

const MIB = 2 ** 20;

function verdictLine(file: string, verdict: Verdict): string {
  if (!verdict.ok) return `refused  ${verdict.message}`;
  const [{ poolBytes }] = verdict.fits;
  const [takes, pool] = [verdict.peakBytes, poolBytes].map((bytes) => (bytes / MIB).toFixed(1));
  return `ok       ${file}: ${verdict.delegate}, takes ${takes} MiB of a pool of ${pool} MiB`;
}

/** One verdict a model, each by a check of the file and a load in a child that may crash. */
export async function verify(args: readonly string[]): Promise<number> {
  const { words, plain } = parseArguments(args, { valued: [], plain: ['--json'], words: true });
  if (words.length === 0) throw new UsageError('verify needs at least one MODEL');
  const { library } = loadConfig({ file: null, environment: process.env, flags: null }).runtime;
  const json: object[] = [];
  const refused: string[] = [];
  for (const file of words) {
    const verdict = await trial({ file, runtimeLibrary: library });
    if (!verdict.ok) refused.push(file);
    if (plain.has('--json')) json.push({ file, ...verdict });
    else process.stdout.write(`${verdictLine(file, verdict)}\n`);
  }
  if (plain.has('--json')) process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
  if (refused.length === 0) return 0;
  throw new Error(`${refused.length} of ${words.length} models refused: ${refused.join(', ')}`);
}
