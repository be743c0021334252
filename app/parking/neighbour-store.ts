import { randomUUID } from 'node:crypto';
import { ServerLink, type ServerOptions } from './server-link.ts';
import type { Incoming, Outgoing, Store } from './store.ts';

export interface NeighbourOptions extends ServerOptions {
  expirySeconds: number;
}

/**
 * Blocks are keys of a Valkey or Redis server, or of a cluster of them, one a piece, which expire.
 * Nothing is tried twice: a server that does not answer in time is lost, until something is parked
 * there again.
 */
export class NeighbourStore implements Store {
  readonly name = 'neighbour' as const;
  readonly number = 2;
  readonly #expirySeconds: number;
  readonly #link: ServerLink;
  /** Keys of this process alone begin with it. */
  readonly #prefix = `edgepool:${randomUUID()}`;
  readonly #counts = new Map<string, number>();

  constructor({ expirySeconds, ...server }: NeighbourOptions) {
    this.#expirySeconds = expirySeconds;
    this.#link = new ServerLink(server, { who: 'place neighbour', settings: 'parking.neighbour' });
  }

  start(): Promise<void> {
    return this.#link.start();
  }

  stop(): Promise<void> {
    return this.#link.stop();
  }

  async create(block: string): Promise<Incoming> {
    const client = await this.#link.connected();
    this.#counts.set(block, 0);
    return {
      write: async (number, piece) => {
        this.#counts.set(block, number + 1);
        const bytes = Buffer.from(piece.buffer);
        await this.#link.told(client, () =>
          client.set(this.#key(block, number), bytes, 'EX', this.#expirySeconds),
        );
      },
      finish: async () => undefined,
      abandon: () => this.drop(block),
    };
  }

  async open(block: string): Promise<Outgoing> {
    const client = await this.#link.connected();
    return {
      read: async (number) => {
        const piece = await this.#link.told(client, () =>
          client.getBuffer(this.#key(block, number)),
        );
        if (piece !== null) return piece;
        throw this.#link.fault(
          `piece ${number} is gone: it expired, was evicted or the server restarted`,
        );
      },
      close: async () => undefined,
    };
  }

  async drop(block: string): Promise<void> {
    const count = this.#counts.get(block) ?? 0;
    this.#counts.delete(block);
    // Where the server is away they expire. Each by itself: in a cluster they lie here and there.
    const client = this.#link.ready;
    const keys = Array.from({ length: count }, (_, number) => this.#key(block, number));
    await Promise.all(keys.map((key) => client?.unlink(key)));
  }

  #key(block: string, number: number): string {
    return `${this.#prefix}:${block}:${number}`;
  }
}
