import type { Part } from './part.ts';

/** Thrown by `start` where the program was told to stop before everything ran. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor() {
    super('stopped before everything had started');
  }
}

/** Starts parts in order and stops them in reverse. */
export class Lifecycle implements Part {
  readonly #parts: readonly Part[];
  readonly #signal: AbortSignal;
  readonly #started: Part[] = [];

  constructor(parts: readonly Part[], signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  /** Where a part fails, or the signal comes, what has started is stopped again. */
  async start(): Promise<void> {
    if (this.#started.length > 0) return;
    try {
      for (const part of this.#parts) {
        if (this.#signal.aborted) throw new Interrupted();
        this.#started.push(part);
        await part.start();
      }
    } catch (error) {
      // What fails on the way back is a consequence; the cause is what the user needs.
      await this.stop().catch(() => undefined);
      throw error;
    }
  }

  /** Every part is stopped, whatever fails; the first failure is thrown at the end. */
  async stop(): Promise<void> {
    let failure: unknown = null;
    for (let part = this.#started.pop(); part !== undefined; part = this.#started.pop()) {
      try {
        await part.stop();
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== null) throw failure;
  }
}
