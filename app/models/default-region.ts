import { Region } from '../memory/region.ts';
import type { Lock, Pages } from '../native/constants.ts';
import { loadNative } from '../native/library.ts';
import { Runtime } from './runtime.ts';

export interface PoolingOptions {
  /** Size of the region that all models of the program share; by default 256 MiB. */
  capacityBytes: number;
  lock: keyof typeof Lock;
  pages: keyof typeof Pages;
  /** In which a model's pool takes memory: 16384, 32768 or 2097152; null: by the size of its file. */
  chunkBytes: number | null;
  /** Shared library with the TensorFlow Lite C API; null: the one of tfjs-tflite-node. */
  runtimeLibrary: string | null;
  /** `auto` takes XNNPACK where the runtime takes the model with it. */
  delegate: 'auto' | 'none' | 'xnnpack';
}

const MIB = 1024 * 1024;
const DEFAULT_CAPACITY_MIB = 256;

/** The region of a program that has made none itself: taken with its first model. */
export class DefaultRegion {
  #options: PoolingOptions = {
    capacityBytes: capacityFromEnvironment(),
    lock: 'preferred',
    pages: 'auto',
    chunkBytes: null,
    runtimeLibrary: null,
    delegate: 'auto',
  };
  #opening: Promise<Runtime> | null = null;

  get options(): Readonly<PoolingOptions> {
    return this.#options;
  }

  /** Throws once the region is there: its size is fixed. */
  configure(options: Partial<PoolingOptions>): void {
    if (this.#opening !== null) {
      throw new Error('configure() comes too late: call it before the first loadTFLiteModel()');
    }
    this.#options = { ...this.#options, ...options };
  }

  /** The runtime in the region; a failure is not remembered, so that settings can be changed. */
  runtime(): Promise<Runtime> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }

  async #open(): Promise<Runtime> {
    const { capacityBytes, lock, pages, runtimeLibrary } = this.#options;
    const region = new Region(loadNative(), { capacityBytes, lock, pages });
    const runtime = new Runtime(region, { library: runtimeLibrary });
    await region.start();
    try {
      await runtime.start();
    } catch (error) {
      await region.stop();
      throw error;
    }
    return runtime;
  }
}

function capacityFromEnvironment(): number {
  const text = process.env.EDGEPOOL_REGION_MB;
  const mib = text === undefined ? DEFAULT_CAPACITY_MIB : Number(text);
  if (!Number.isInteger(mib) || mib <= 0) {
    throw new Error(`EDGEPOOL_REGION_MB is '${text}': give a whole number of MiB above 0`);
  }
  return mib * MIB;
}
