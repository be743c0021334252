/** At most one answer a model and interval passes, and only one that says something new. */
export class ResultGate {
  readonly #interval_ms: number;
  readonly #last = new Map<string, { label: string | null; at_ms: number }>();

  constructor(interval_ms: number) {
    this.#interval_ms = interval_ms;
  }

  passes(model: string, label: string | null, now_ms: number): boolean {
    const last = this.#last.get(model);
    if (last !== undefined) {
      if (last.label === label || now_ms - last.at_ms < this.#interval_ms) return false;
    }
    this.#last.set(model, { label, at_ms: now_ms });
    return true;
  }
}
