import { ServerLink, type ServerOptions } from './server-link.ts';

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
    const client = await this.#link.connected();
    const limit = `${this.limitBytes(lentBytes)}`;
    await this.#link.told(client, () => client.config('SET', 'maxmemory', limit));
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
      const client = await this.#link.connected();
      await this.#link.told(client, () => client.memory('PURGE'));
    } catch (error) {
      if (!GONE.test((error as Error).message)) throw error;
    }
  }

  async #memory(): Promise<{ usedBytes: number; policy: string }> {
    const client = await this.#link.connected();
    const text = await this.#link.told(client, () => client.info('memory'));
    const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? '';
    // Of what it holds, as it counts towards the limit.
    const usedBytes = Number(field('used_memory')) - Number(field('mem_not_counted_for_evict'));
    return { usedBytes, policy: field('maxmemory_policy') };
  }
}
