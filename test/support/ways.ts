import { mkdirSync } from 'node:fs';
import type { Model } from '../../app/models/model.ts';
import { DiskStore } from '../../app/parking/disk-store.ts';
import { MemoryPlace } from '../../app/parking/memory-place.ts';
import { NeighbourStore } from '../../app/parking/neighbour-store.ts';
import type { Place } from '../../app/parking/place.ts';
import { outside } from './parked.ts';
import { Valkey } from './valkey.ts';

export const WAYS = ['memory', 'packed', 'disk', 'neighbour'] as const;
export type Way = (typeof WAYS)[number];

const PATIENCE_MS = 10_000;

/** Real places: the region, a folder of this disk, a server of this machine. */
export class Ways {
  readonly #places: Record<Way, Place>;

  private constructor(places: Record<Way, Place>) {
    this.#places = places;
  }

  static async open(folder: string): Promise<Ways> {
    mkdirSync(folder, { recursive: true });
    const { access } = await Valkey.start();
    const limits = { expirySeconds: 600, timeoutMs: PATIENCE_MS };
    const memory = new MemoryPlace({ boundBytes: null, patienceMs: PATIENCE_MS });
    const ways = new Ways({
      ...{ memory, packed: memory },
      disk: outside(new DiskStore(folder)).place,
      neighbour: outside(new NeighbourStore({ ...access, ...limits })).place,
    });
    for (const place of new Set(Object.values(ways.#places))) await place.start();
    return ways;
  }

  async park(model: Model, way: Way): Promise<void> {
    await this.#places[way].park(model);
    if (way === 'packed') await model.pack();
  }

  async restore(model: Model, way: Way): Promise<void> {
    await this.#places[way].restore(model);
  }

  /** The model is unloaded. */
  forget(model: Model): void {
    for (const place of Object.values(this.#places)) place.forget(model);
  }

  /** Models that were lost, or could not be moved: there must be none. */
  get faults(): number {
    const figures = Object.values(this.#places).map((place) => place.figures());
    return figures.reduce((sum, { lost, failures }) => sum + lost + failures, 0);
  }

  async close(): Promise<void> {
    for (const place of new Set(Object.values(this.#places))) await place.stop();
  }
}
