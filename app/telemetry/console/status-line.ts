import type { Snapshot } from '../../stats/snapshot.ts';
import type { Display } from './display.ts';

const INTERVAL_MS = 1000;

/** Shows how things are, once a second. */
export class StatusLine {
  readonly #display: Display;
  readonly #read: () => Snapshot;
  #timer: NodeJS.Timeout | null = null;

  constructor(display: Display, read: () => Snapshot) {
    this.#display = display;
    this.#read = read;
  }

  async start(): Promise<void> {
    this.#timer ??= setInterval(() => this.#display.status(this.#read()), INTERVAL_MS);
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
