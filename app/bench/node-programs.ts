import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runtimeLibrary } from '../models/runtime-library.ts';
import { runChild } from '../native/child.ts';
import { nativeLibrary } from '../native/library.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { NodeAnswer, NodeTask } from './node-child.ts';

const HERE = new URL('./', import.meta.url);
/** Beside the packages that they need. */
export const BENCH_FOLDER = fileURLToPath(new URL('../../build/bench/', import.meta.url));

/** A program of this folder as one would be that somebody ships: bundled, for Node alone. */
async function bundle(name: string): Promise<string> {
  const source = fileURLToPath(new URL(`${name}.ts`, HERE));
  const outfile = join(BENCH_FOLDER, `${name}.mjs`);
  if (!existsSync(source)) {
    throw new Error('this bench starts programs that it bundles first: run it in a checkout');
  }
  const { build } = await import('esbuild');
  await build({
    ...{ entryPoints: [source], outfile, bundle: true, packages: 'external' },
    ...{ platform: 'node', format: 'esm', target: 'node20', logLevel: 'warning' },
  });
  return outfile;
}

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    EDGEPOOL_LIBRARY: nativeLibrary(),
    EDGEPOOL_TFLITE: runtimeLibrary(),
    // The package tells on each start that TensorFlow for Node would be faster.
    TF_CPP_MIN_LOG_LEVEL: '2',
  };
}

/** A program of this folder: bundled once, then a process for each task, which answers in one line. */
export class BundledProgram<Task extends object, Answer> {
  readonly #name: string;
  #file: string | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  /** `who` stands in messages. */
  async run(
    who: string,
    task: Task,
    limit?: MemoryLimit,
  ): Promise<{ answer: Answer; output: string }> {
    this.#file ??= await bundle(this.#name);
    const words = [this.#file, JSON.stringify(task)];
    const [program, inside] = limit?.command(process.execPath, words) ?? [process.execPath, words];
    const { output, errors, signal } = await runChild(program, inside, {
      environment: environment(),
    });
    const line = output.split('\n').find((each) => each.startsWith('{'));
    if (line !== undefined) return { answer: JSON.parse(line) as Answer, output };
    throw new Error(`${who}: ${errors.trim().split('\n').at(-1) || (signal ?? 'no answer')}`);
  }
}

/** Starts processes that load models from Node. */
export class NodePrograms {
  readonly #program = new BundledProgram<NodeTask, NodeAnswer>('node-child');

  /** With `limit`, how many MiB were left when the process was killed for its memory, too. */
  async run(task: NodeTask, limit?: MemoryLimit): Promise<NodeAnswer & { left_mib: number }> {
    const { answer, output } = await this.#program.run(task.who, task, limit);
    const left = [...output.matchAll(/^left (\d+)$/gm)].at(-1)?.[1];
    return { ...answer, left_mib: Number(left ?? 0) };
  }
}
