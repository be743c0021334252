/** Seeded numbers for tests: xorshift32. The seed is printed, and can be set with TEST_SEED. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** From 0 to below 1. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }
}

/** The seeds that a random test runs with, said aloud so that a failure can be repeated. */
export function seeds(count: number): number[] {
  const named = process.env.TEST_SEED;
  const first = named ? Number(named) : 1;
  const all = named ? [first] : Array.from({ length: count }, (_, index) => first + index);
  console.log(`seeds ${all.join(' ')} (repeat one with TEST_SEED)`);
  return all;
}
