import type { Model } from '../models/model.ts';
import type { ModelSnapshot } from '../stats/snapshot.ts';
import { canLeave, type Guest, type Keep, type Move, nextMove, roomFrom } from './moves.ts';
import type { Place } from './place.ts';
import { Strain } from './strain.ts';

type Residence = ModelSnapshot['residence'];

/** A model that takes part, with its way through the frames. */
export interface Seat {
  readonly model: Model;
  readonly keep: Keep;
  /** Where its frames stand; null: it gets none now. */
  stand(): { idle: boolean; waitingSinceNs: number | null; dueNs: number } | null;
  residence: Residence;
}

export type RotationEvent =
  /** Most of the time goes into moving models. */
  | { kind: 'parking_strained'; message: string }
  /** A model could not be brought back, and is tried again. */
  | { kind: 'restoring_failed'; model: string; message: string };

export interface RotationOptions {
  /** Of those that take turns; a resident one has no part in it. */
  seats: () => readonly Seat[];
  /** Of the region: no pool has them. */
  freeBytes: () => number;
  /** Where models go that give all of their memory up. It tells itself what goes wrong there; a
   *  model that is not idle in time is tried again. */
  place: Pick<Place, 'park' | 'restore'>;
  tell: (event: RotationEvent) => void;
  /** The process's monotonic clock, in nanoseconds. */
  nowNs?: () => number;
}

/** A model that could not be moved is left alone for so long. */
const BACK_OFF_NS = 1e9;
/** Taken for a restore that has not been seen yet. */
const UNKNOWN_RESTORE_NS = 50e6;

/** What is known of a seat beside what it says itself. */
interface Known {
  restoreNs: number;
  notBeforeNs: number;
}

type SeatGuest = Guest & { seat: Seat };

/**
 * Models that are more than the region holds take turns in it: each is there when its frame is, as
 * far as that can be done. One move at a time, beside the stream.
 */
export class Rotation {
  readonly #options: RotationOptions;
  readonly #nowNs: () => number;
  readonly #strain = new Strain();
  readonly #known = new WeakMap<Seat, Known>();
  #moving: Promise<void> | null = null;
  #held = 0;

  constructor(options: RotationOptions) {
    this.#options = options;
    this.#nowNs = options.nowNs ?? (() => Number(process.hrtime.bigint()));
  }

  /** Something has changed: a frame has come, an answer was given. Starts what is to be done next,
   *  unless something is being done. */
  turn(): void {
    if (this.#moving !== null || this.#held > 0) return;
    const guests = this.#guests();
    if (guests.length === 0) return;
    const move = nextMove(guests, this.#options.freeBytes(), this.#nowNs());
    if (move === null) return;
    this.#moving = this.#make(move).finally(() => {
      this.#moving = null;
      this.turn();
    });
  }

  /** Waits for the move that is under way; nothing moves until `release` was called as often. */
  async hold(): Promise<void> {
    this.#held += 1;
    await this.#moving;
  }

  release(): void {
    this.#held -= 1;
    this.turn();
  }

  /** Parks models that may leave until so many bytes are free. False: they do not suffice, and
   *  nothing has changed, or one of them could not be parked. For who holds it. */
  async makeRoom(bytes: number): Promise<boolean> {
    const leaving = this.#guests().filter(canLeave);
    const park = roomFrom(leaving, bytes, this.#options.freeBytes());
    if (park === null) return false;
    for (const { seat } of park) {
      if (!(await this.#park(seat))) return false;
    }
    return true;
  }

  /** Brings a model back, if it is not there. For who holds it. Throws where it cannot come. */
  async bring(seat: Seat): Promise<void> {
    if (seat.residence === 'resident') return;
    await this.makeRoom(seat.model.parking().windowBytes);
    await this.#options.place.restore(seat.model);
    seat.residence = 'resident';
  }

  #guests(): SeatGuest[] {
    const nowNs = this.#nowNs();
    return this.#options.seats().flatMap((seat) => {
      const { restoreNs, notBeforeNs } = this.#knownOf(seat);
      if (notBeforeNs > nowNs) return [];
      const stand = seat.stand();
      const { idle, waitingSinceNs, dueNs } = stand ?? NO_FRAMES;
      return {
        ...{ seat, name: seat.model.name, keep: seat.keep, restoreNs },
        present: seat.residence === 'resident',
        bytes: seat.model.parking().windowBytes,
        ...{ busy: !idle, waitingSinceNs, dueNs },
      };
    });
  }

  #knownOf(seat: Seat): Known {
    const known = this.#known.get(seat) ?? { restoreNs: UNKNOWN_RESTORE_NS, notBeforeNs: 0 };
    this.#known.set(seat, known);
    return known;
  }

  async #make({ park, restore }: Move<SeatGuest>): Promise<void> {
    const beginNs = this.#nowNs();
    let parked = true;
    for (const { seat } of park) parked &&= await this.#park(seat);
    if (parked && restore !== null) await this.#restore(restore.seat);
    if (this.#strain.moved(beginNs, this.#nowNs())) this.#tellStrain();
  }

  /** Its frames wait from the first moment on: nothing is handed to it any more. */
  async #park(seat: Seat): Promise<boolean> {
    seat.residence = 'parked';
    try {
      await this.#options.place.park(seat.model);
      return true;
    } catch {
      seat.residence = 'resident';
      this.#backOff(seat);
      return false;
    }
  }

  async #restore(seat: Seat): Promise<void> {
    const beginNs = this.#nowNs();
    seat.residence = 'restoring';
    try {
      await this.#options.place.restore(seat.model);
      this.#knownOf(seat).restoreNs = this.#nowNs() - beginNs;
      seat.residence = 'resident';
    } catch (error) {
      seat.residence = 'parked';
      this.#backOff(seat);
      const { message } = error as Error;
      this.#options.tell({ kind: 'restoring_failed', model: seat.model.name, message });
    }
  }

  #backOff(seat: Seat): void {
    this.#knownOf(seat).notBeforeNs = this.#nowNs() + BACK_OFF_NS;
  }

  #tellStrain(): void {
    const guests = this.#guests();
    const mib = guests.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20;
    const names = guests.map(({ name }) => name).join(', ');
    this.#options.tell({
      kind: 'parking_strained',
      message:
        `${names} spend most of the time on being parked and restored: together they need ` +
        `${mib.toFixed(1)} MiB; raise region.capacity_mb, or give them fewer turns (fps, every)`,
    });
  }
}

const NO_FRAMES = { idle: true, waitingSinceNs: null, dueNs: Number.POSITIVE_INFINITY };
