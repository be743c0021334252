import type { Model } from '../models/model.ts';
import type { ParkedModel, Place, PlaceFigures } from './place.ts';

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
  readonly name = 'memory';
  readonly #options: MemoryPlaceOptions;
  readonly #models = new Set<Model>();
  #parks = 0;
  #restores = 0;

  constructor(options: MemoryPlaceOptions) {
    this.#options = options;
  }

  has(model: Model): boolean {
    return this.#models.has(model);
  }

  async park(model: Model): Promise<void> {
    const { boundBytes, patienceMs } = this.#options;
    const wanted = model.parking().heldBytes;
    if (boundBytes !== null && this.#heldBytes + wanted > boundBytes) {
      throw new Error(
        `model ${model.name}: its ${wanted} bytes do not fit into the place memory, which holds ` +
          `${this.#heldBytes} of ${boundBytes}; raise parking.memory_mb or restore another model`,
      );
    }
    await model.park(patienceMs);
    this.#models.add(model);
    this.#parks += 1;
  }

  async restore(model: Model): Promise<void> {
    await model.restore();
    this.#models.delete(model);
    this.#restores += 1;
  }

  forget(model: Model): void {
    this.#models.delete(model);
  }

  figures(): PlaceFigures {
    return {
      place: this.name,
      bound_bytes: this.#options.boundBytes,
      held_bytes: this.#heldBytes,
      models: this.#models.size,
      parks: this.#parks,
      restores: this.#restores,
    };
  }

  parked(): ParkedModel[] {
    return [...this.#models].map((model) => {
      const { residence, heldBytes, windowBytes, packedBytes, parkMs } = model.parking();
      return {
        model: model.name,
        place: this.name,
        state: residence,
        held_bytes: heldBytes,
        packed_bytes: packedBytes,
        window_bytes: windowBytes,
        park_ms: parkMs,
      };
    });
  }

  get #heldBytes(): number {
    let sum = 0;
    for (const model of this.#models) sum += model.parking().heldBytes;
    return sum;
  }
}
