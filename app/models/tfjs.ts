/**
 * The interface of the npm package tfjs-tflite-node with every model in a pool of its own: a
 * program that imports from here instead is pooled.
 */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Pool } from '../memory/pool.ts';
import type { NativeError } from '../native/native-error.ts';
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

const MIB = 1024 * 1024;
const LARGE_FILE_BYTES = 16 * MIB;
const SMALL_CHUNK_BYTES = 16 * 1024;
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
  const name = nameOf(model);
  const threads = Math.min(MAX_THREADS, Math.max(1, options?.numThreads ?? DEFAULT_THREADS));
  const loaded = await loadInOwnPool(runtime, name, source, threads);
  return new PooledTFLiteModel(loaded, tensor);
}

/** Loads into larger and larger pools until one is large enough. */
async function loadInOwnPool(
  runtime: Runtime,
  name: string,
  source: string | Uint8Array,
  threads: number,
): Promise<Model> {
  const { capacity_bytes } = runtime.region.stats();
  const { delegate } = shared.options;
  const fileBytes = await sizeOf(source);
  const chunkBytes = shared.options.chunkBytes ?? chunkFor(fileBytes);
  for (let quotaBytes = firstQuota(fileBytes); ; quotaBytes *= 2) {
    const limited = Math.min(quotaBytes, capacity_bytes);
    const options = { name, quotaBytes: limited, plannedBytes: 0, chunkBytes };
    const pool = new Pool(runtime.region, options);
    await pool.start();
    const model = new Model(runtime, pool, { name, source, threads, delegate });
    try {
      await model.start();
      await cutToPeak(pool, chunkBytes);
      return model;
    } catch (error) {
      await pool.stop();
      const { status } = error as Partial<NativeError>;
      if (status !== 'EP_E_POOL_FULL' || limited === capacity_bytes) {
        throw error;
      }
    }
  }
}

async function sizeOf(source: string | Uint8Array): Promise<number> {
  if (typeof source !== 'string') return source.byteLength;
  return stat(source).then(
    ({ size }) => size,
    // The load fails on it too, and its message says why.
    () => 0,
  );
}

/** Enough for most models: the file, its packed weights, its tensors. */
function firstQuota(fileBytes: number): number {
  return roundUp(3 * fileBytes + 8 * MIB, 2 * MIB);
}

/** A large model is mapped in whole huge pages, which takes a third of the time; of a small one too
 *  much would lie idle in its last one. */
function chunkFor(fileBytes: number): number {
  return fileBytes < LARGE_FILE_BYTES ? SMALL_CHUNK_BYTES : 2 * MIB;
}

/** What the load has shown to be enough is the quota from now; the rest goes back. */
async function cutToPeak(pool: Pool, chunkBytes: number): Promise<void> {
  const size = sizePool(pool.stats().peak_live_bytes, chunkBytes);
  await pool.trim(size);
  const { mapped_bytes, quota_bytes } = pool.stats();
  pool.setQuota(Math.min(quota_bytes, Math.max(size, mapped_bytes)));
}

/** At most 63 bytes: the name stands in messages of the native library. */
function nameOf(model: string | ArrayBuffer): string {
  const name = typeof model === 'string' ? basename(model) : '';
  return Buffer.from(name || 'model')
    .subarray(0, 63)
    .toString()
    .replace(/\uFFFD$/, '');
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
