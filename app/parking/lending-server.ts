import { type Client, ServerLink, type ServerOptions } from './server-link.ts';

export interface LendingServerOptions extends ServerOptions {
  /** What it may hold where nothing is lent to it. */
  ownBytes: number;
}

/** Nobody listens there. */
const GONE = /ECONNREFUSED/;

/**
 * A Valkey or Redis server of this machine whose limit moves with what is lent to it. It must be
 * allowed to drop something: what it has beyond a lower limit it gives up.
 */
export class LendingServer {
  readonly #link: ServerLink;
  readonly #ownBytes: number;
  #usedBytes: number | null = null;

  constructor({ ownBytes, ...server }: LendingServerOptions) {
    this.#link = new ServerLink(server, { who: 'lending', settings: 'parking.lend' });
    this.#ownBytes = ownBytes;
  }

  start(): Promise<void> {
    return this.#link.start();
  }

  stop(): Promise<void> {
    return this.#link.stop();
  }

  /** What it holds, as it said last and as it counts towards its limit; null: it does not answer. */
  get usedBytes(): number | null {
    return this.#usedBytes;
  }

  limitBytes(lentBytes: number): number {
    return this.#ownBytes + lentBytes;
  }

  /** Throws one line where it is away, or would keep what it has. */
  async check(): Promise<void> {
    const { policy } = await this.#memory();
    if (policy !== 'noeviction') return;
    throw this.#link.fault(
      'its maxmemory-policy is noeviction, so nothing that is lent would come back; ' +
        'set it to volatile-ttl or allkeys-lru',
    );
  }

  /** It may hold its own and so many bytes more. Throws one line. */
  async allow(lentBytes: number): Promise<void> {
    const limit = `${this.limitBytes(lentBytes)}`;
    await this.#ask((client) => client.config('SET', 'maxmemory', limit));
  }

  /** It may hold so many bytes more than its own, and holds no more, and what it has given up is
   *  the system's. Throws one line where that is not so yet. A server that is gone holds nothing. */
  async giveUp(lentBytes: number): Promise<void> {
    try {
      await this.allow(lentBytes);
      const { usedBytes } = await this.#memory();
      const limit = this.limitBytes(lentBytes);
      if (usedBytes > limit) {
        throw this.#link.fault(`it still holds ${usedBytes} bytes and is to hold ${limit}`);
      }
      await this.#ask((client) => client.memory('PURGE'));
    } catch (error) {
      if (!GONE.test((error as Error).message)) throw error;
    }
  }

  async #memory(): Promise<{ usedBytes: number; policy: string }> {
    const text = await this.#ask((client) => client.info('memory'));
    const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? '';
    const usedBytes = Number(field('used_memory')) - Number(field('mem_not_counted_for_evict'));
    this.#usedBytes = usedBytes;
    return { usedBytes, policy: field('maxmemory_policy') };
  }

  /** One that does not answer does not tell what it holds. */
  async #ask<T>(question: (client: Client) => Promise<T>): Promise<T> {
    try {
      const client = await this.#link.connected();
      return await this.#link.told(client, () => question(client));
    } catch (error) {
      this.#usedBytes = null;
      throw error;
    }
  }
}
