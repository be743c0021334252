import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runtimeLibrary } from '../models/runtime-library.ts';
import { runChild } from '../native/child.ts';
import { nativeLibrary } from '../native/library.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { NodeAnswer, NodeTask } from './node-child.ts';

const SOURCE = fileURLToPath(new URL('./node-child.ts', import.meta.url));
/** Beside the packages that it needs. */
const BUNDLE = fileURLToPath(new URL('../../build/bench/node-child.mjs', import.meta.url));

/** As a program would be that somebody ships: bundled, for Node alone. */
async function bundle(): Promise<string> {
  if (!existsSync(SOURCE)) {
    throw new Error('this bench compares with tfjs-tflite-node: run it in a checkout');
  }
  const { build } = await import('esbuild');
  await build({
    ...{ entryPoints: [SOURCE], outfile: BUNDLE, bundle: true, packages: 'external' },
    ...{ platform: 'node', format: 'esm', target: 'node20', logLevel: 'warning' },
  });
  return BUNDLE;
}

/** Starts processes that load models from Node. */
export class NodePrograms {
  #program: string | null = null;

  /** With `limit`, how many MiB were left when the process was killed for its memory, too. */
  async run(task: NodeTask, limit?: MemoryLimit): Promise<NodeAnswer & { left_mib: number }> {
    this.#program ??= await bundle();
    const words = [this.#program, JSON.stringify(task)];
    const [program, inside] = limit?.command(process.execPath, words) ?? [process.execPath, words];
    const environment = {
      ...process.env,
      EDGEPOOL_LIBRARY: nativeLibrary(),
      EDGEPOOL_TFLITE: runtimeLibrary(),
      // The package tells on each start that TensorFlow for Node would be faster.
      TF_CPP_MIN_LOG_LEVEL: '2',
    };
    const { output, errors, signal } = await runChild(program, inside, { environment });
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
