export interface BackOffOptions {
  first_ms: number;
  longest_ms: number;
}

/** Waiting times that double, each up to a quarter longer so that a house does not return at once. */
export class BackOff {
  readonly #options: BackOffOptions;
  readonly #random: () => number;
  #attempts = 0;

  constructor(options: BackOffOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
  }

  next(): number {
    const { first_ms, longest_ms } = this.#options;
    const wait = Math.min(longest_ms, first_ms * 2 ** Math.min(this.#attempts++, 30));
    return wait * (1 + this.#random() / 4);
  }

  reset(): void {
    this.#attempts = 0;
  }
}
