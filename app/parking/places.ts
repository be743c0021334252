import type { Model } from '../models/model.ts';
import type { ParkingSnapshot, PlaceName, PlaceSnapshot } from '../stats/snapshot.ts';
import type { ParkedModel, Place } from './place.ts';
import { residentModel } from './whereabouts.ts';

/** How a place is switched on that is off by default. */
const SWITCHES: Record<PlaceName, string> = {
  memory: '',
  disk: 'parking.disk_mb',
  neighbour: 'parking.neighbour.url or parking.neighbour.discover',
};

/** The places there are; each parked model is in one of them. */
export class Places {
  readonly #places: readonly Place[];

  constructor(places: readonly Place[]) {
    this.#places = places;
  }

  async start(): Promise<void> {
    for (const place of this.#places) await place.start();
  }

  async stop(): Promise<void> {
    for (const place of this.#places) await place.stop();
  }

  /** The first of those that give all of a model's memory back; null: there is none. */
  get outside(): Place | null {
    return this.#places.find(({ name }) => name !== 'memory') ?? null;
  }

  has(model: Model): boolean {
    return this.#placeOf(model) !== undefined;
  }

  /** As Place.park; throws one line where the place is off. */
  async park(model: Model, name: PlaceName = 'memory'): Promise<void> {
    const place = this.#places.find((each) => each.name === name);
    if (place === undefined) {
      throw new Error(`place ${name}: is off; set ${SWITCHES[name]}, or park in another place`);
    }
    await place.park(model);
  }

  async restore(model: Model): Promise<void> {
    await this.#placeOf(model)?.restore(model);
  }

  forget(model: Model): void {
    for (const place of this.#places) place.forget(model);
  }

  figures(): PlaceSnapshot[] {
    return this.#places.map((place) => place.figures());
  }

  parked(): ParkedModel[] {
    return this.#places.flatMap((place) => place.parked());
  }

  /** Where these models are, and how the places are. */
  snapshot(models: readonly Model[]): Pick<ParkingSnapshot, 'places' | 'models'> {
    const parked = new Map(this.parked().map((each) => [each.model, each]));
    return {
      places: this.figures(),
      models: models.map((model) => parked.get(model.name) ?? residentModel(model)),
    };
  }

  #placeOf(model: Model): Place | undefined {
    return this.#places.find((place) => place.has(model));
  }
}
