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

/** Bundles a program of this folder, runs it with a task and reads the one line that it answers. */
export async function runOnce<Answer>(name: string, task: object): Promise<Answer> {
  const words = [await bundle(name), JSON.stringify(task)];
  const { output, errors, signal } = await runChild(process.execPath, words, {
    environment: environment(),
  });
  if (output.startsWith('{')) return JSON.parse(output) as Answer;
  const reason = errors.trim().split('\n').at(-1) || (signal ?? 'no answer');
  throw new Error(`${name}: ${reason}`);
}

/** Starts processes that load models from Node. */
export class NodePrograms {
  #program: string | null = null;

  /** With `limit`, how many MiB were left when the process was killed for its memory, too. */
  async run(task: NodeTask, limit?: MemoryLimit): Promise<NodeAnswer & { left_mib: number }> {
    this.#program ??= await bundle('node-child');
    const words = [this.#program, JSON.stringify(task)];
    const [program, inside] = limit?.command(process.execPath, words) ?? [process.execPath, words];
    const { output, errors, signal } = await runChild(program, inside, {
      environment: environment(),
    });
    const line = output.split('\n').find((each) => each.startsWith('{'));
    if (line === undefined) {
      throw new Error(
        `${task.who}: ${errors.trim().split('\n').at(-1) || (signal ?? 'no answer')}`,
      );
    }
    const left = [...output.matchAll(/^left (\d+)$/gm)].at(-1)?.[1];
    return { ...(JSON.parse(line) as NodeAnswer), left_mib: Number(left ?? 0) };
  }
}
