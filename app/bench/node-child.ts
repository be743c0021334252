/**
 * One process of `edgepool bench memory` and `bench node`: loads models by the interface of
 * tfjs-tflite-node, with that package or with edgepool's class of the same interface, runs each
 * once or more and prints one line of JSON.
 *
 *   node-child.mjs '{"who": "edgepool", "files": [...], ...}'
 */
import '@tensorflow/tfjs-backend-cpu';
import { readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Tensor, zeros } from '@tensorflow/tfjs-core';
import { configure, loadTFLiteModel, type TFLiteModelOptions } from '../models/tfjs.ts';

export interface NodeTask {
  who: 'edgepool' | 'tfjs-tflite-node';
  files: string[];
  /** edgepool: the region's capacity and what models run on. */
  capacityBytes: number;
  delegate: 'auto' | 'none';
  /** Of each model, after the first. */
  runs: number;
  /** Takes all the memory that is left at the end, and prints how many MiB it got as it goes. */
  fill: boolean;
}

export interface NodeAnswer {
  load_ms: number[];
  first_ms: number[];
  run_ms: number[][];
  /** Proportional set size: pages that are mapped twice count once. */
  before_bytes: number;
  after_bytes: number;
}

type Load = (file: string, options: TFLiteModelOptions) => ReturnType<typeof loadTFLiteModel>;

function residentBytes(): number {
  const rollup = readFileSync('/proc/self/smaps_rollup', 'utf8');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]) * 1024;
}

function loader(task: NodeTask): Load {
  if (task.who === 'edgepool') {
    const { capacityBytes, delegate } = task;
    configure({ capacityBytes, delegate, lock: 'off' });
    return loadTFLiteModel;
  }
  // It has no module form.
  const require = createRequire(import.meta.url);
  return (require('@tensorflow/tfjs-tflite-node') as { loadTFLiteModel: Load }).loadTFLiteModel;
}

async function timed<T>(into: number[], action: () => T | Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await action();
  into.push(performance.now() - start);
  return result;
}

function fillUp(): void {
  const taken: Buffer[] = [];
  for (;;) {
    taken.push(Buffer.alloc(2 ** 20, 1));
    writeSync(1, `left ${taken.length}\n`);
  }
}

async function main(task: NodeTask): Promise<void> {
  const load = loader(task);
  const answer: NodeAnswer = {
    ...{ load_ms: [], first_ms: [], run_ms: [] },
    ...{ before_bytes: residentBytes(), after_bytes: 0 },
  };
  const models = [];
  for (const file of task.files) {
    const model = await timed(answer.load_ms, () => load(file, { numThreads: 1 }));
    models.push(model);
    const pictures = model.inputs.map(({ shape, dtype }) => {
      if (shape === undefined) throw new Error(`${file}: has an input of no known shape`);
      return zeros(shape, dtype as 'float32' | 'int32');
    });
    const [picture] = pictures;
    if (picture === undefined) throw new Error(`${file}: has no input`);
    const once = () => {
      const output = model.predict(pictures.length === 1 ? picture : pictures);
      for (const tensor of 'dataSync' in output ? [output as Tensor] : Object.values(output)) {
        tensor.dataSync();
      }
    };
    await timed(answer.first_ms, once);
    const runs: number[] = [];
    for (let run = 0; run < task.runs; run += 1) await timed(runs, once);
    answer.run_ms.push(runs);
  }
  answer.after_bytes = residentBytes();
  writeSync(1, `${JSON.stringify(answer)}\n`);
  if (task.fill) fillUp();
  // The models must live until here.
  if (models.length !== task.files.length) throw new Error('a model is missing');
  process.exit(0);
}

await main(JSON.parse(process.argv[2] ?? '{}'));
