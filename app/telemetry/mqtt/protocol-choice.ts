export type Protocol = '5' | '3.1.1';

/** How a connection ended, as far as the protocol's version is concerned. */
export type Ending =
  /** The broker has said that it does not speak this version. */
  | 'version'
  /** It closed the connection before it answered: what some do with a version they do not know. */
  | 'unanswered'
  | 'other';

/**
 * MQTT 5 where the broker speaks it, 3.1.1 otherwise. What the broker has said holds; what was only
 * guessed, because it may just have been restarting, holds for one connection.
 */
export class ProtocolChoice {
  #next: Protocol = '5';
  #known = false;

  get next(): Protocol {
    return this.#next;
  }

  ended(ending: Ending): void {
    if (ending === 'version') this.#known = this.#next === '5';
    if (this.#known) this.#next = '3.1.1';
    else if (ending === 'unanswered' && this.#next === '5') this.#next = '3.1.1';
    else this.#next = '5';
  }
}
