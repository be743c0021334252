/**
 * Why the program stops: a signal, the end of its time or of its source, or a failure that nobody
 * caught. The first reason counts. A second signal, or a stop that hangs, ends the process at once.
 */
export class Stopper {
  readonly #controller = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #patience_ms: number;
  #failure: unknown = null;

  readonly #onSignal = (): void => {
    if (this.signal.aborted) this.#force('a second signal');
    this.stop();
  };

  readonly #onFailure = (error: unknown): void => {
    this.#failure ??= error;
    this.stop();
  };

  /** `patience_s`: what a clean stop may take. */
  constructor(patience_s: number) {
    this.#patience_ms = patience_s * 1000;
  }

  /** Aborted once the program shall stop. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What was thrown where nobody caught it; null: nothing. */
  get failure(): unknown {
    return this.#failure;
  }

  listen(): void {
    process.on('SIGINT', this.#onSignal).on('SIGTERM', this.#onSignal);
    process.on('uncaughtException', this.#onFailure).on('unhandledRejection', this.#onFailure);
  }

  /** From now on. */
  stopAfter(seconds: number): void {
    // A timer holds 24 days at most; a longer duration is counted in such pieces.
    const longest_s = 86_400;
    const piece = Math.min(seconds, longest_s);
    const next = () => (seconds > piece ? this.stopAfter(seconds - piece) : this.stop());
    this.#timers.push(setTimeout(next, piece * 1000));
  }

  stop(): void {
    if (this.signal.aborted) return;
    for (const timer of this.#timers) clearTimeout(timer);
    const late = `a clean stop took longer than stop_seconds (${this.#patience_ms / 1000})`;
    setTimeout(() => this.#force(late), this.#patience_ms).unref();
    this.#controller.abort();
  }

  /** Until the program shall stop. */
  async stopped(): Promise<void> {
    if (this.signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #force(reason: string): never {
    process.stderr.write(`edgepool: ended at once: ${reason}\n`);
    process.exit(1);
  }
}
