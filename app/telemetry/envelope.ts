import { randomUUID } from 'node:crypto';

/**
 * What every message carries, so that a reader knows whether it has them all: `boot` is another one
 * at every start of the program, `sequence` counts its messages from 1 on. A number that never comes
 * is a message that was dropped.
 */
export class Envelope {
  readonly boot = randomUUID().slice(0, 8);
  #sequence = 0;

  next(): { boot: string; sequence: number; time: string } {
    return { boot: this.boot, sequence: ++this.#sequence, time: new Date().toISOString() };
  }
}
