import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Redis } from 'iovalkey';
import type { Incoming, Outgoing, Store } from './store.ts';

export interface NeighbourOptions {
  /** redis:// or rediss://, without user and password. */
  url: string;
  username: string | null;
  password: string | null;
  /** A PEM file of the authorities to trust; null: those that Node knows. */
  ca: string | null;
  expirySeconds: number;
  /** For a connection, and for each command. */
  timeoutMs: number;
}

/**
 * Blocks are keys of a Valkey or Redis server, one a piece, which expire. Nothing is tried twice: a
 * server that does not answer in time is lost, until something is parked there again.
 */
export class NeighbourStore implements Store {
  readonly name = 'neighbour' as const;
  readonly number = 2;
  readonly #options: NeighbourOptions;
  /** Keys of this process alone begin with it. */
  readonly #prefix = `edgepool:${randomUUID()}`;
  readonly #counts = new Map<string, number>();
  #client: Redis | null = null;
  #lastFault: string | null = null;

  constructor(options: NeighbourOptions) {
    this.#options = options;
  }

  /** Connects when something is parked there: a server that is away keeps nobody from starting. */
  async start(): Promise<void> {
    const { ca } = this.#options;
    try {
      if (ca !== null) readFileSync(ca);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Error(`parking.neighbour.ca ${ca}: cannot be read (${code})`);
    }
  }

  async stop(): Promise<void> {
    this.#client?.disconnect();
    this.#client = null;
  }

  async create(block: string): Promise<Incoming> {
    const client = await this.#connected();
    const { expirySeconds } = this.#options;
    this.#counts.set(block, 0);
    return {
      write: async (number, piece) => {
        this.#counts.set(block, number + 1);
        await this.#told(client, () =>
          client.set(this.#key(block, number), Buffer.from(piece.buffer), 'EX', expirySeconds),
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
        const piece = await this.#told(client, () => client.getBuffer(this.#key(block, number)));
        if (piece !== null) return piece;
        throw this.#fault(
          `piece ${number} is gone: it expired, was evicted or the server restarted`,
        );
      },
      close: async () => undefined,
    };
  }

  async drop(block: string): Promise<void> {
    const count = this.#counts.get(block) ?? 0;
    this.#counts.delete(block);
    // Where the server is away they expire.
    if (this.#client?.status !== 'ready') return;
    const keys = Array.from({ length: count }, (_, number) => this.#key(block, number));
    await this.#client.unlink(keys);
  }

  #key(block: string, number: number): string {
    return `${this.#prefix}:${block}:${number}`;
  }

  async #connected(): Promise<Redis> {
    if (this.#client?.status === 'ready') return this.#client;
    this.#client?.disconnect();
    const client = this.#newClient();
    this.#client = client;
    await this.#told(client, async () => {
      await client.connect();
      // A password is asked for with the first command, not with the connection.
      await client.ping();
    });
    return client;
  }

  #newClient(): Redis {
    const { url, username, password, ca, timeoutMs } = this.#options;
    const { hostname, port, protocol } = new URL(url);
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const tls = { servername: host, ...(ca === null ? {} : { ca: readFileSync(ca) }) };
    const client = new Redis({
      host,
      port: Number(port || 6379),
      ...(username === null ? {} : { username }),
      ...(password === null ? {} : { password }),
      ...(protocol === 'rediss:' ? { tls } : {}),
      lazyConnect: true,
      connectTimeout: timeoutMs,
      commandTimeout: timeoutMs,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    // Why it failed comes here; commands only learn that the connection is closed.
    client.on('error', (error: Error) => {
      this.#lastFault = error.message;
    });
    return client;
  }

  async #told<T>(client: Redis, action: () => Promise<T>): Promise<T> {
    this.#lastFault = null;
    try {
      return await action();
    } catch (error) {
      // At once: it calls itself ready until the other side has agreed.
      if (this.#client === client) this.#client = null;
      client.disconnect();
      throw this.#fault(
        this.#lastFault ?? (error instanceof Error ? error.message : String(error)),
      );
    }
  }

  #fault(what: string): Error {
    return new Error(`place neighbour, ${this.#options.url}: ${what}`);
  }
}
