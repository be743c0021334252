import { readFileSync } from 'node:fs';
import { Cluster, Redis, type RedisOptions } from 'iovalkey';

/** A Valkey or Redis server and how one comes in. */
export interface ServerOptions {
  /** redis:// or rediss://, without user and password. */
  url: string;
  username: string | null;
  password: string | null;
  /** A PEM file of the authorities to trust; null: those that Node knows. */
  ca: string | null;
  /** For a connection, and for each command. */
  timeoutMs: number;
  /** It is one of several, each of which has a part of the keys and knows the others. */
  cluster?: boolean;
}

/** What is asked of a server, or of several as if they were one. */
export type Client = Pick<
  Redis,
  'ping' | 'set' | 'getBuffer' | 'expire' | 'unlink' | 'config' | 'info' | 'memory'
>;

/** What stands in messages. */
export interface ServerNames {
  /** Who talks to it: `place neighbour`. */
  who: string;
  /** The section of its settings: `parking.neighbour`. */
  settings: string;
}

/** Throws one line where a file of authorities cannot be read; `settings`: whose they are. */
export function checkAuthorities(ca: string | null, settings: string): void {
  try {
    if (ca !== null) readFileSync(ca);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`${settings}.ca ${ca}: cannot be read (${code})`);
  }
}

/**
 * The way to a server. Nothing is tried twice: one that does not answer in time is left, until it is
 * asked again.
 */
export class ServerLink {
  readonly #options: ServerOptions;
  readonly #names: ServerNames;
  #client: Redis | Cluster | null = null;
  #lastFault: string | null = null;
  #failedMs: number | null = null;

  constructor(options: ServerOptions, names: ServerNames) {
    this.#options = options;
    this.#names = names;
  }

  /** Connects when something is asked for: a server that is away keeps nobody from starting. Throws
   *  where the authorities cannot be read. */
  async start(): Promise<void> {
    checkAuthorities(this.#options.ca, this.#names.settings);
  }

  async stop(): Promise<void> {
    this.#client?.disconnect();
    this.#client = null;
  }

  /** When it last failed, by `performance.now`; null: it has let us in since, or was not asked. */
  get failedMs(): number | null {
    return this.#failedMs;
  }

  /** Null: it is away, as far as is known. */
  get ready(): Client | null {
    return this.#client?.status === 'ready' ? (this.#client as Client) : null;
  }

  /** The server, once it has let us in. Throws one line. */
  async connected(): Promise<Client> {
    if (this.ready !== null) return this.ready;
    this.#client?.disconnect();
    this.#lastFault = null;
    const client = this.#newClient();
    this.#client = client;
    await this.told(client as Client, async () => {
      await client.connect();
      // A password is asked for with the first command, not with the connection.
      await client.ping();
    });
    this.#failedMs = null;
    return client as Client;
  }

  /** Asks it something; throws one line that names it. */
  async told<T>(client: Client, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      this.#failedMs = performance.now();
      // At once: it calls itself ready until the other side has agreed.
      if (this.#client === client) {
        this.#client.disconnect();
        this.#client = null;
      }
      throw this.fault(this.#lastFault ?? (error instanceof Error ? error.message : String(error)));
    }
  }

  fault(what: string): Error {
    return new Error(`${this.#names.who}, ${this.#options.url}: ${what}`);
  }

  #newClient(): Redis | Cluster {
    const { url, username, password, ca, timeoutMs, cluster = false } = this.#options;
    const { hostname, port: text, protocol } = new URL(url);
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const port = Number(text || 6379);
    // Those of a cluster are each known by the name under which the others know it.
    const name = cluster ? {} : { servername: host };
    const tls = { ...name, ...(ca === null ? {} : { ca: readFileSync(ca) }) };
    const options = {
      ...(username === null ? {} : { username }),
      ...(password === null ? {} : { password }),
      ...(protocol === 'rediss:' ? { tls } : {}),
      connectTimeout: timeoutMs,
      commandTimeout: timeoutMs,
      enableReadyCheck: false,
      maxRetriesPerRequest: 0,
    };
    return cluster ? this.#several({ host, port }, options) : this.#one({ host, port }, options);
  }

  #one(address: { host: string; port: number }, options: RedisOptions): Redis {
    const once = { lazyConnect: true, enableOfflineQueue: false, retryStrategy: () => null };
    const client = new Redis({ ...address, ...options, ...once });
    // Why it failed comes here; commands only learn that the connection is closed.
    client.on('error', (error: Error) => {
      this.#lastFault = error.message;
    });
    return client;
  }

  #several(address: { host: string; port: number }, options: RedisOptions): Cluster {
    const client = new Cluster([address], {
      redisOptions: options,
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: () => null,
      slotsRefreshTimeout: options.connectTimeout ?? 0,
      // Nothing is tried twice, but at another one that is named instead.
      ...{ retryDelayOnFailover: 0, retryDelayOnClusterDown: 0, maxRedirections: 4 },
      dnsLookup: (name, found) => found(null, name),
    });
    client.on('node error', (error: Error) => {
      this.#lastFault ??= error.message;
    });
    // Says no more than that none of them answers.
    client.on('error', () => undefined);
    return client;
  }
}
