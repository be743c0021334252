/**
 * The interface of the npm package tfjs-tflite-node with every model in a pool of its own: a
 * program that imports from here instead is pooled.
 */
import { basename } from 'node:path';
import { Pool } from '../memory/pool.ts';
import { DefaultRegion, type PoolingOptions } from './default-region.ts';
import { Model } from './model.ts';
import { PooledTFLiteModel } from './pooled-tflite-model.ts';
import type { Runtime } from './runtime.ts';
import { roundUp, sizePool } from './sizing.ts';

export type { PoolingOptions } from './default-region.ts';
export { PooledTFLiteModel } from './pooled-tflite-model.ts';

export interface TFLiteDelegatePlugin {
  readonly name: string;
  readonly tfliteVersion: string;
  readonly options: Array<[string, string]>;
  readonly node?: { path: string };
}

export interface TFLiteModelOptions {
  /** By default 4, as in tfjs-tflite-node. */
  numThreads?: number;
  /** Taken and ignored, as in tfjs-tflite-node. */
  enableProfiling?: boolean;
  maxProfilingBufferEntries?: number;
  delegates?: TFLiteDelegatePlugin[];
}

const DEFAULT_THREADS = 4;
const MAX_THREADS = 64;

const shared = new DefaultRegion();

/** Settings of the region that all models share; before the first model only. */
export function configure(options: Partial<PoolingOptions>): void {
  shared.configure(options);
}

/** Loads a model from a file, a web address or memory into a pool of its own. */
export async function loadTFLiteModel(
  model: string | ArrayBuffer,
  options?: TFLiteModelOptions,
): Promise<PooledTFLiteModel> {
  refuseDelegates(options?.delegates ?? []);
  // Only programs that make tensors need tfjs: the pipeline runs without it.
  const [{ tensor }, runtime] = await Promise.all([
    import('@tensorflow/tfjs-core'),
    shared.runtime(),
  ]);
  const source = await sourceOf(model);
  const name = typeof model === 'string' ? basename(model) : 'model';
  const threads = Math.min(MAX_THREADS, Math.max(1, options?.numThreads ?? DEFAULT_THREADS));
  const loaded = await loadInOwnPool(runtime, name, source, threads);
  return new PooledTFLiteModel(loaded, tensor);
}

/** The pool may take what is free while the model loads; afterwards it keeps the peak and 20 %. */
async function loadInOwnPool(
  runtime: Runtime,
  name: string,
  source: string | Uint8Array,
  threads: number,
): Promise<Model> {
  const { chunkBytes, delegate } = shared.options;
  const { capacity_bytes, unassigned_bytes } = runtime.region.stats();
  const pool = new Pool(runtime.region, {
    name,
    quotaBytes: Math.max(chunkBytes, roundUp(unassigned_bytes - chunkBytes + 1, chunkBytes)),
    windowBytes: capacity_bytes,
    plannedBytes: 0,
    chunkBytes,
  });
  await pool.start();
  const loaded = new Model(runtime, pool, { name, source, threads, delegate });
  try {
    await loaded.start();
  } catch (error) {
    await pool.stop();
    throw error;
  }
  const size = sizePool(pool.stats().peak_live_bytes, chunkBytes);
  await pool.trim(size);
  pool.setQuota(Math.max(size, pool.stats().mapped_bytes));
  return loaded;
}

async function sourceOf(model: string | ArrayBuffer): Promise<string | Uint8Array> {
  if (typeof model !== 'string') {
    return new Uint8Array(model);
  }
  if (!/^https?:/.test(model)) {
    return model;
  }
  const address = withModelFormat(model);
  const response = await fetch(address);
  if (!response.ok) {
    throw new Error(`${address} answered ${response.status}: give the address of a .tflite file`);
  }
  return new Uint8Array(await response.arrayBuffer());
}

/** TensorFlow Hub gives the file only where the address asks for it. */
function withModelFormat(address: string): string {
  const wanted = '?lite-format=tflite';
  const fromHub = address.includes('tfhub.dev') && address.includes('lite-model');
  return fromHub && !address.endsWith(wanted) ? `${address}${wanted}` : address;
}

/** A plug-in that the model was to run on must not be left out in silence. */
function refuseDelegates(delegates: readonly TFLiteDelegatePlugin[]): void {
  const named = delegates.find((delegate) => delegate.node?.path);
  if (named) {
    throw new Error(
      `delegate '${named.name}' is not supported in a pool: leave 'delegates' out to run on XNNPACK`,
    );
  }
}
