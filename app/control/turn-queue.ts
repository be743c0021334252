/** Does one thing after the other; refuses what would have to wait behind too many. */
export class TurnQueue {
  readonly #bound: number;
  #count = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** `bound`: how many may be there, the one in work included. */
  constructor(bound: number) {
    this.#bound = bound;
  }

  async do<T>(action: () => Promise<T>): Promise<T> {
    if (this.#count >= this.#bound) {
      throw new Error(`${this.#count} commands wait already; try again when they are answered`);
    }
    this.#count += 1;
    const turn = this.#last.then(action);
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#count -= 1;
    }
  }
}
