import { NativeError } from '../native/native-error.ts';
import type { Model } from './model.ts';

interface Size {
  width: number;
  height: number;
}

const key = ({ width, height }: Size) => `${width}x${height}`;

/**
 * Gives a model whose file leaves the size of its picture open the size of the frames. Its pool grows
 * for it out of the region's reserve, as far as its window goes, and gives back what a smaller size
 * does not need. A size that does not fit is tried once; frames of it are resized to the former one.
 */
export class Follower {
  readonly #model: Model;
  readonly #refused = new Set<string>();
  /** Of its pool as it was planned. */
  #quotaBytes: number | null = null;

  constructor(model: Model) {
    this.#model = model;
  }

  /** Whether the model has that size, or shall keep the one that it has. */
  suits(size: Size): boolean {
    const { info, pictureSize } = this.#model;
    if (info.open_size === 0 || this.#refused.has(key(size))) return true;
    return key(pictureSize) === key(size);
  }

  /** Nothing may run the model meanwhile. Throws one line where the former size stays. */
  async follow(size: Size): Promise<void> {
    const { pool } = this.#model;
    this.#quotaBytes ??= pool.stats().quota_bytes;
    try {
      await this.#resize(size);
    } catch (error) {
      this.#refused.add(key(size));
      throw error;
    } finally {
      await pool.trim(0);
      pool.setQuota(Math.max(this.#quotaBytes, pool.stats().mapped_bytes));
    }
  }

  async #resize({ height, width }: Size): Promise<void> {
    const { pool } = this.#model;
    try {
      await this.#model.resizePicture(height, width);
    } catch (error) {
      const full = error instanceof NativeError && error.status === 'EP_E_POOL_FULL';
      if (!full || pool.stats().quota_bytes >= pool.windowBytes) throw error;
      pool.setQuota(pool.windowBytes);
      await this.#model.resizePicture(height, width);
    }
  }
}
