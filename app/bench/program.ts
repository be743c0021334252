import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nativeLibrary } from '../native/library.ts';

/** A bench's native program, which stands beside the native library. */
export function benchProgram(name: string): string {
  const program = join(dirname(nativeLibrary()), name);
  if (existsSync(program)) return program;
  throw new Error(`${program} is missing: build it with 'make setup'`);
}

/** Runs a program to its end; resolves to what it printed, rejects with what it said was wrong. */
export function runProgram(
  program: string,
  words: readonly (string | number)[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words.map(String), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    const said = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.err += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(said.out);
      else reject(new Error(`${program}: ${said.err.trim() || (signal ?? `status ${code}`)}`));
    });
  });
}

/** The lines of a program that prints one JSON object a line. */
export async function jsonLines(
  program: string,
  words: readonly (string | number)[],
  environment: Readonly<Record<string, string>> = {},
): Promise<object[]> {
  const out = await runProgram(program, words, environment);
  return out
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as object);
}
