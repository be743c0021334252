import { randomUUID } from 'node:crypto';
import { type Client, ServerLink, type ServerOptions } from './server-link.ts';
import type { Incoming, Outgoing, Renewed, Store } from './store.ts';

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
  /** How many pieces each block has. */
  readonly #counts = new Map<string, number>();
  /** Keys that must go once the server is there. */
  readonly #dropped: string[] = [];

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
    const client = await this.#connected();
    this.#counts.set(block, 0);
    return this.#incoming(block, client);
  }

  /** What of it is still there lives as long from now on as what is written. */
  async renew(block: string): Promise<Renewed> {
    const client = await this.#connected();
    return {
      ...this.#incoming(block, client),
      keep: async (number) => {
        const key = this.#key(block, number);
        const renewed = () => client.expire(key, this.#expirySeconds);
        return (await this.#link.told(client, renewed)) === 1;
      },
    };
  }

  #incoming(block: string, client: Client): Incoming {
    return {
      write: async (number, piece) => {
        this.#counts.set(block, Math.max(this.#counts.get(block) ?? 0, number + 1));
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
    const client = await this.#connected();
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
    for (let number = 0; number < count; number += 1) this.#dropped.push(this.#key(block, number));
    const { ready } = this.#link;
    if (ready !== null) await this.#unlink(ready);
  }

  /** The server, and what was dropped while it was away goes. */
  async #connected(): Promise<Client> {
    const client = await this.#link.connected();
    // What does not go now expires.
    void this.#unlink(client).catch(() => undefined);
    return client;
  }

  /** Each by itself: in a cluster they lie here and there. */
  async #unlink(client: Client): Promise<void> {
    const keys = this.#dropped.splice(0);
    await Promise.all(keys.map((key) => client.unlink(key)));
  }

  #key(block: string, number: number): string {
    return `${this.#prefix}:${block}:${number}`;
  }
}
