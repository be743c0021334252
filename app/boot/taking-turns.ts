import { HUGE_PAGE_BYTES } from '../memory/huge-pages.ts';
import type { Region } from '../memory/region.ts';
import { roundUp } from '../models/sizing.ts';
import type { Lender } from '../parking/lender.ts';
import type { Keep } from '../parking/moves.ts';
import type { Place } from '../parking/place.ts';
import { Rotation, type RotationEvent, type Seat } from '../parking/rotation.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { PooledModel } from './pooled-model.ts';

export interface TakingTurnsOptions {
  region: Region;
  /** Where models wait that have no turn; null: nowhere outside the region. */
  place: Pick<Place, 'park' | 'restore'> | null;
  /** Whom memory is taken back from first; null: none is lent. */
  lender: Lender | null;
  /** Those of the stream now: neither unloaded nor parked by a command. */
  models: () => readonly PooledModel[];
  tell: (event: RotationEvent) => void;
}

/** In a region of reserved huge pages a pool takes whole ones. */
const bytesFor = ({ planned: { pool } }: PooledModel): number =>
  roundUp(pool.quotaBytes, HUGE_PAGE_BYTES);

/** A model's place among those that take turns in the region, with and without frames. */
class OwnSeat implements Seat {
  readonly model;
  readonly keep: Keep;
  readonly #pipeline: () => Pipeline | null;
  #residence: Seat['residence'] = 'resident';

  constructor(model: PooledModel, pipeline: () => Pipeline | null) {
    this.model = model.model;
    this.keep = model.planned.config.keep;
    this.#pipeline = pipeline;
  }

  stand() {
    return this.#pipeline()?.lane(this.model.name) ?? null;
  }

  get residence(): Seat['residence'] {
    return this.#residence;
  }

  set residence(residence: Seat['residence']) {
    this.#residence = residence;
    this.#pipeline()?.setResidence(this.model.name, residence);
  }
}

/** The models that take turns in the region, as `models[].keep` says. */
export class TakingTurns {
  readonly #rotation: Rotation | null;
  readonly #models: () => readonly PooledModel[];
  readonly #lender: Lender | null;
  readonly #seats = new WeakMap<PooledModel, Seat>();
  #pipeline: Pipeline | null = null;

  constructor(options: TakingTurnsOptions) {
    const { region, place, lender, models, tell } = options;
    this.#models = models;
    this.#lender = lender;
    this.#rotation =
      place === null
        ? null
        : new Rotation({
            seats: () => this.#seated(),
            freeBytes: () => region.stats().unassigned_bytes,
            place,
            tell,
          });
  }

  attach(pipeline: Pipeline): void {
    this.#pipeline = pipeline;
    pipeline.onTurn = () => this.#rotation?.turn();
  }

  /** Throws one line where a model is to take turns and has nowhere to wait. */
  require({ name, keep }: { name: string; keep: Keep }): void {
    if (keep === 'resident' || this.#rotation !== null) return;
    throw new Error(
      `model ${name}: keep is ${keep}, and there is no place outside the region for it to wait; ` +
        'set parking.disk_mb, or keep it resident',
    );
  }

  /** What those need of the region that are away now and come back by themselves. */
  get awayBytes(): number {
    return this.#seated()
      .filter(({ residence }) => residence !== 'resident')
      .map(({ model }) => model.parking())
      .reduce((sum, { windowBytes, heldBytes }) => sum + windowBytes - heldBytes, 0);
  }

  /** Does something with models while none of them is moved, and no memory is lent. */
  async still<T>(action: () => Promise<T>): Promise<T> {
    await this.#lender?.hold();
    await this.#rotation?.hold();
    try {
      return await action();
    } finally {
      this.#rotation?.release();
      this.#lender?.release();
    }
  }

  /** Nothing moves from now on. */
  async end(): Promise<void> {
    await this.#rotation?.hold();
  }

  /** Room for a model that is about to be loaded: memory that was lent, then as far as others may
   *  give way. While they are still. */
  async makeRoom(model: PooledModel): Promise<void> {
    await this.takeBackFor(model);
    await this.#rotation?.makeRoom(bytesFor(model));
  }

  /** Room for a model, as far as memory was lent. While they are still. */
  async takeBackFor(model: PooledModel): Promise<void> {
    await this.#lender?.makeRoom(bytesFor(model));
  }

  /** A model that is to be unloaded must be there. While they are still. */
  async bring(model: PooledModel): Promise<void> {
    await this.#rotation?.bring(this.#seat(model));
  }

  #seated(): Seat[] {
    return this.#models()
      .filter(({ planned }) => planned.config.keep !== 'resident')
      .map((model) => this.#seat(model));
  }

  #seat(model: PooledModel): Seat {
    const seat = this.#seats.get(model) ?? new OwnSeat(model, () => this.#pipeline);
    this.#seats.set(model, seat);
    return seat;
  }
}
