/** How often something happens, from the first time to the last. */
export class RateMeter {
  #count = 0;
  #firstNs = 0;
  #lastNs = 0;

  get count(): number {
    return this.#count;
  }

  /** A second; 0 before the second time. */
  get rate(): number {
    const spanNs = this.#lastNs - this.#firstNs;
    return spanNs > 0 ? ((this.#count - 1) * 1e9) / spanNs : 0;
  }

  /** `times`: how many have come since the last call, this one included. */
  mark(atNs: number, times = 1): void {
    if (this.#count === 0) {
      this.#count = 1;
      this.#firstNs = atNs;
      this.#lastNs = atNs;
      return;
    }
    this.#count += times;
    this.#lastNs = Math.max(this.#lastNs, atNs);
  }
}
