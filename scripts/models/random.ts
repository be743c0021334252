/**
 * The maker's random numbers: xoshiro128** (Blackman, Vigna 2018), seeded through splitmix32.
 * Integer arithmetic only, so that every machine draws the same numbers.
 */
export class Random {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    let counter = seed >>> 0;
    this.#state = Uint32Array.from({ length: 4 }, () => {
      counter = (counter + 0x9e3779b9) >>> 0;
      let word = counter;
      word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
      return word ^ (word >>> 15);
    });
  }

  /** 32 random bits. */
  bits(): number {
    const s = this.#state as Uint32Array & [number, number, number, number];
    const scrambled = Math.imul(rotate(Math.imul(s[1], 5), 7), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 11);
    return scrambled;
  }

  /** Uniform in [-limit, limit). */
  uniform(limit: number): number {
    return (this.bits() / 0x80000000 - 1) * limit;
  }

  /** `count` float32 values, uniform in [-limit, limit). */
  fill(count: number, limit: number): Float32Array {
    return Float32Array.from({ length: count }, () => this.uniform(limit));
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
