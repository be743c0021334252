import type { Model } from '../../app/models/model.ts';
import { callAsync } from '../../app/native/call.ts';
import { loadNative } from '../../app/native/library.ts';

/** Keeps models outside the region, in the memory of the process: a place that gives everything
 *  back, without what a real one does against loss. */
export class Aside {
  readonly #native = loadNative();
  readonly #bytes = new Map<Model, Buffer>();
  /** What is thrown by the next `park` or `restore` instead of doing it. */
  fails: { park: string[]; restore: string[] } = { park: [], restore: [] };

  async park(model: Model): Promise<void> {
    const failure = this.fails.park.shift();
    if (failure !== undefined) throw new Error(failure);
    await model.park(1000);
    await model.pack();
    const bytes = Buffer.alloc(model.parking().packedBytes);
    await callAsync(this.#native.ep_model_read_packed, model.handle, 0, bytes, bytes.length);
    await model.sendAway();
    this.#bytes.set(model, bytes);
  }

  async restore(model: Model): Promise<void> {
    const failure = this.fails.restore.shift();
    if (failure !== undefined) throw new Error(failure);
    const bytes = this.#bytes.get(model) ?? Buffer.alloc(0);
    await callAsync(this.#native.ep_model_write_packed, model.handle, 0, bytes, bytes.length);
    await model.restore();
    this.#bytes.delete(model);
  }
}
