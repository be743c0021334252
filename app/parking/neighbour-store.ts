import { randomUUID } from 'node:crypto';
import { type Neighbour, Neighbours, type NeighboursOptions } from './neighbours.ts';
import type { Client, ServerLink } from './server-link.ts';
import type { Incoming, Outgoing, Renewed, Store } from './store.ts';

export interface NeighbourOptions extends NeighboursOptions {
  expirySeconds: number;
}

/** A block, at the server that has it. */
interface Block {
  link: ServerLink;
  pieces: number;
}

/**
 * Blocks are keys of a Valkey or Redis server, or of a cluster of them, one a piece, which expire.
 * Nothing is tried twice: a server that does not answer in time is lost, until something is parked
 * there again. Where there are several servers each block is at one of them, and is gone with it.
 */
export class NeighbourStore implements Store {
  readonly name = 'neighbour' as const;
  readonly number = 2;
  readonly #expirySeconds: number;
  readonly #neighbours: Neighbours;
  /** Keys of this process alone begin with it. */
  readonly #prefix = `edgepool:${randomUUID()}`;
  readonly #blocks = new Map<string, Block>();
  /** Keys that must go once their server is there. */
  readonly #dropped = new WeakMap<ServerLink, string[]>();

  constructor({ expirySeconds, ...servers }: NeighbourOptions) {
    this.#expirySeconds = expirySeconds;
    this.#neighbours = new Neighbours(servers);
  }

  get server(): string | null {
    return this.#neighbours.current;
  }

  start(): Promise<void> {
    return this.#neighbours.start();
  }

  stop(): Promise<void> {
    return this.#neighbours.stop();
  }

  async create(block: string): Promise<Incoming> {
    const { link, client } = await this.#chosen();
    return this.#incoming(block, this.#begin(block, link), client);
  }

  /** What of it is still there lives as long from now on as what is written. Where models wait at
   *  another server by now, nothing of it is. */
  async renew(block: string): Promise<Renewed> {
    const { link, client } = await this.#chosen();
    const known = this.#blocks.get(block);
    if (known?.link !== link) await this.drop(block).catch(() => undefined);
    const held = known?.link === link ? known : this.#begin(block, link);
    return {
      ...this.#incoming(block, held, client),
      keep: async (number) => {
        const key = this.#key(block, number);
        const renewed = () => client.expire(key, this.#expirySeconds);
        return (await link.told(client, renewed)) === 1;
      },
    };
  }

  async open(block: string): Promise<Outgoing> {
    const link = this.#blocks.get(block)?.link;
    if (link === undefined) throw new Error('place neighbour: nothing was brought there');
    const client = await link.connected();
    this.#tidy({ link, client });
    return {
      read: async (number) => {
        const piece = await link.told(client, () => client.getBuffer(this.#key(block, number)));
        if (piece !== null) return piece;
        throw link.fault(
          `piece ${number} is gone: it expired, was evicted or the server restarted`,
        );
      },
      close: async () => undefined,
    };
  }

  async drop(block: string): Promise<void> {
    const held = this.#blocks.get(block);
    if (held === undefined) return;
    this.#blocks.delete(block);
    const { link, pieces } = held;
    const keys = Array.from({ length: pieces }, (_, number) => this.#key(block, number));
    this.#dropped.set(link, [...(this.#dropped.get(link) ?? []), ...keys]);
    if (link.ready !== null) await this.#unlink({ link, client: link.ready });
  }

  /** The server to park at. */
  async #chosen(): Promise<Neighbour> {
    const kept = new Set([...this.#blocks.values()].map(({ link }) => link));
    const chosen = await this.#neighbours.connected(kept);
    this.#tidy(chosen);
    return chosen;
  }

  #begin(block: string, link: ServerLink): Block {
    const held = { link, pieces: 0 };
    this.#blocks.set(block, held);
    return held;
  }

  #incoming(block: string, held: Block, client: Client): Incoming {
    return {
      write: async (number, piece) => {
        held.pieces = Math.max(held.pieces, number + 1);
        const bytes = Buffer.from(piece.buffer);
        await held.link.told(client, () =>
          client.set(this.#key(block, number), bytes, 'EX', this.#expirySeconds),
        );
      },
      finish: async () => undefined,
      abandon: () => this.drop(block),
    };
  }

  /** What was dropped while it was away goes; what does not go now expires. */
  #tidy(neighbour: Neighbour): void {
    void this.#unlink(neighbour).catch(() => undefined);
  }

  /** Each by itself: in a cluster they lie here and there. */
  async #unlink({ link, client }: Neighbour): Promise<void> {
    const keys = this.#dropped.get(link) ?? [];
    this.#dropped.delete(link);
    await Promise.all(keys.map((key) => client.unlink(key)));
  }

  #key(block: string, number: number): string {
    return `${this.#prefix}:${block}:${number}`;
  }
}
