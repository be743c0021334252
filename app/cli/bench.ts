import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BenchContext, Effort } from '../bench/bench.ts';
import { BENCHES, runBench } from '../bench/benches.ts';
import { Models } from '../bench/models.ts';
import { writePages } from '../bench/pages.ts';
import type { BenchResult } from '../bench/result.ts';
import { terminalText } from '../bench/terminal.ts';
import { nearest } from '../config/nearest.ts';
import { writeWhole } from '../telemetry/report.ts';
import { parseArguments } from './arguments.ts';
import { UsageError } from './usage-error.ts';

const ALL = 'all';
/** Where set-up makes models. */
const MADE = fileURLToPath(new URL('../../build/models', import.meta.url));

function chosen(words: readonly string[]) {
  const [name, ...rest] = words;
  const names = [...BENCHES.map((bench) => bench.name), ALL];
  if (name === undefined) throw new UsageError(`bench needs a name: ${names.join(', ')}`);
  if (rest.length > 0) throw new UsageError(`"${rest[0]}" is one word too many after ${name}`);
  const needs = BENCHES.find((bench) => bench.name === name)?.needs ?? [];
  const wanted = [name, ...needs];
  const benches = BENCHES.filter((bench) => name === ALL || wanted.includes(bench.name));
  if (benches.length > 0) return benches;
  throw new UsageError(`"${name}" is not a bench; the nearest is ${nearest(name, names)}`);
}

function foldersOf(given: readonly string[] | undefined): string[] {
  const folders = [MADE, ...(given ?? [])];
  for (const folder of folders) {
    if (!existsSync(folder)) throw new Error(`${folder} does not exist: name a folder of models`);
  }
  return folders;
}

/** Measures edgepool beside what one would otherwise use. */
export async function bench(args: readonly string[]): Promise<number> {
  const valued = ['--json', '--models', '--pages'];
  const parsed = parseArguments(args, { valued, plain: ['--tiny'], words: true });
  const benches = chosen(parsed.words);
  const effort: Effort = parsed.plain.has('--tiny') ? 'tiny' : 'full';
  const earlier = new Map<string, BenchResult>();
  const context: BenchContext = {
    effort,
    models: new Models(foldersOf(parsed.values.get('--models'))),
    earlier,
    tell: (line) => process.stderr.write(`${line}\n`),
  };
  for (const one of benches) {
    const result = await runBench(one, context);
    earlier.set(one.name, result);
    process.stdout.write(`${terminalText(result)}\n`);
  }
  const results = [...earlier.values()];
  const json = parsed.values.get('--json')?.at(-1);
  if (json !== undefined) writeWhole(json, `${JSON.stringify(results, null, 2)}\n`);
  const pages = parsed.values.get('--pages')?.at(-1);
  if (pages !== undefined) writePages(pages, results);
  return 0;
}
