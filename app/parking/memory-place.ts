import type { Model } from '../models/model.ts';
import type { ModelParking } from '../models/model-parking.ts';
import type { PlaceSnapshot } from '../stats/snapshot.ts';
import type { ParkedModel, Place } from './place.ts';
import { Tally } from './tally.ts';
import { parkedModel } from './whereabouts.ts';

export interface MemoryPlaceOptions {
  /** What its models may hold of the region together; null: all of it. */
  boundBytes: number | null;
  /** How long a model may take until it is idle. */
  patienceMs: number;
}

/**
 * Models wait in the region itself. Each lies there whole, so that restoring it copies nothing,
 * until somebody needs the memory; then the region packs those that wait longest.
 */
export class MemoryPlace implements Place {
  readonly name = 'memory' as const;
  readonly #options: MemoryPlaceOptions;
  readonly #models = new Set<Model>();
  readonly #restoring = new Set<Model>();
  readonly #tally = new Tally();

  constructor(options: MemoryPlaceOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    // The region is there.
  }

  async stop(): Promise<void> {
    // What waits in the region goes with it.
  }

  has(model: Model): boolean {
    return this.#models.has(model);
  }

  async park(model: Model): Promise<void> {
    const { boundBytes, patienceMs } = this.#options;
    const begin = performance.now();
    const wanted = model.parking().heldBytes;
    if (boundBytes !== null && this.#heldBytes + wanted > boundBytes) {
      throw new Error(
        `model ${model.name}: its ${wanted} bytes do not fit into the place memory, which holds ` +
          `${this.#heldBytes} of ${boundBytes}; raise parking.memory_mb or restore another model`,
      );
    }
    await model.park(patienceMs);
    this.#models.add(model);
    this.#tally.parked(begin, wanted);
  }

  async restore(model: Model): Promise<void> {
    const begin = performance.now();
    this.#restoring.add(model);
    try {
      await model.restore();
      this.#models.delete(model);
    } finally {
      this.#restoring.delete(model);
    }
    this.#tally.restored(begin, model.parking().heldBytes);
  }

  forget(model: Model): void {
    this.#models.delete(model);
  }

  figures(): PlaceSnapshot {
    return {
      ...{ place: this.name, server: null, bound_bytes: this.#options.boundBytes },
      held_bytes: this.#heldBytes,
      live_bytes: this.#sum(({ liveBytes }) => liveBytes),
      kept_bytes: 0,
      models: this.#models.size,
      ...this.#tally.figures(),
    };
  }

  parked(): ParkedModel[] {
    return [...this.#models].map((model) => {
      const restoring = this.#restoring.has(model);
      return parkedModel(model, this.name, { parking: model.parking(), restoring });
    });
  }

  get #heldBytes(): number {
    return this.#sum(({ heldBytes }) => heldBytes);
  }

  #sum(bytes: (parking: ModelParking) => number): number {
    let sum = 0;
    for (const model of this.#models) sum += bytes(model.parking());
    return sum;
  }
}
