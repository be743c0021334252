import { BOUNDS_MS, type Distribution } from './distribution.ts';

/** Buckets a power of two is cut into: a value is known to 1/128 of itself. */
const SUBDIVISIONS = 128;
/** From 2^0 to 2^40 nanoseconds, which is 18 minutes. */
const OCTAVES = 41;

/**
 * Durations in constant memory: buckets that are linear inside each power of two of nanoseconds,
 * so a percentile is right to half a bucket, 0.4 %. The largest value is kept as it is.
 */
export class Histogram {
  readonly #counts = new Uint32Array(SUBDIVISIONS * OCTAVES);
  #count = 0;
  #maxNs = 0;
  #sumNs = 0;

  get count(): number {
    return this.#count;
  }

  record(durationNs: number): void {
    const ns = Math.max(0, durationNs);
    const bucket = bucketOf(ns);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sumNs += ns;
    this.#maxNs = Math.max(this.#maxNs, ns);
  }

  /** Takes over what another one has recorded. */
  add(other: Histogram): void {
    other.#counts.forEach((count, bucket) => {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    });
    this.#count += other.#count;
    this.#sumNs += other.#sumNs;
    this.#maxNs = Math.max(this.#maxNs, other.#maxNs);
  }

  /** The smallest duration that at least `share` of all are not above, in ms; 0 without any. */
  percentileMs(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket += 1) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank) {
        return Math.min(middleOf(bucket), this.#maxNs) / 1e6;
      }
    }
    return 0;
  }

  get maxMs(): number {
    return this.#maxNs / 1e6;
  }

  /** A bucket counts where its middle lies: a bound is right to 0.4 %. */
  distribution(): Distribution {
    const counts = BOUNDS_MS.map(() => 0);
    let bound = 0;
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length && bound < counts.length; bucket += 1) {
      while (bound < counts.length && middleOf(bucket) > (BOUNDS_MS[bound] ?? 0) * 1e6) {
        counts[bound++] = seen;
      }
      seen += this.#counts[bucket] ?? 0;
    }
    return { counts, count: this.#count, sum_ms: this.#sumNs / 1e6 };
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#maxNs = 0;
    this.#sumNs = 0;
  }
}

function bucketOf(ns: number): number {
  if (ns < 1) {
    return 0;
  }
  const octave = Math.min(OCTAVES - 1, Math.floor(Math.log2(ns)));
  const inside = Math.floor((ns / 2 ** octave - 1) * SUBDIVISIONS);
  // Math.log2 rounds: close to a power of two it may name the neighbour.
  const clamped = Math.min(SUBDIVISIONS - 1, Math.max(0, inside));
  return octave * SUBDIVISIONS + clamped;
}

function middleOf(bucket: number): number {
  const octave = Math.floor(bucket / SUBDIVISIONS);
  const inside = bucket % SUBDIVISIONS;
  return 2 ** octave * (1 + (inside + 0.5) / SUBDIVISIONS);
}
