import type { PlaceSnapshot } from '../stats/snapshot.ts';

const BYTES_PER_MIB = 2 ** 20;

/** What moving so many bytes has taken. */
class Cost {
  #ms = 0;
  #bytes = 0;

  add(ms: number, bytes: number): void {
    this.#ms += ms;
    this.#bytes += bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get msPerMib(): number | null {
    return this.#bytes === 0 ? null : this.#ms / (this.#bytes / BYTES_PER_MIB);
  }
}

type Counted = Omit<
  PlaceSnapshot,
  'place' | 'server' | 'bound_bytes' | 'held_bytes' | 'live_bytes' | 'kept_bytes' | 'models'
>;

/** What a place counts and measures. */
export class Tally {
  parks = 0;
  restores = 0;
  failures = 0;
  lost = 0;
  dropped = 0;
  writtenBytes = 0;
  unchangedBytes = 0;
  readBytes = 0;
  readonly #parking = new Cost();
  readonly #restoring = new Cost();

  parked(sinceMs: number, bytes: number): void {
    this.parks += 1;
    this.#parking.add(performance.now() - sinceMs, bytes);
  }

  restored(sinceMs: number, bytes: number): void {
    this.restores += 1;
    this.#restoring.add(performance.now() - sinceMs, bytes);
  }

  figures(): Counted {
    return {
      parks: this.parks,
      restores: this.restores,
      failures: this.failures,
      lost: this.lost,
      dropped: this.dropped,
      written_bytes: this.writtenBytes,
      unchanged_bytes: this.unchangedBytes,
      read_bytes: this.readBytes,
      park_ms_per_mib: this.#parking.msPerMib,
      restore_ms_per_mib: this.#restoring.msPerMib,
    };
  }
}
