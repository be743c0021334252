import assert from 'node:assert/strict';
import type { Valkey } from './valkey.ts';

const blockOf = (key: string): number => Number(key.split(':').at(-2));
const numberOf = (key: string): number => Number(key.split(':').at(-1));

/** What a server holds of the block that came to it last, and what somebody may do with it there. */
export class SealedPieces {
  readonly #server: Valkey;

  constructor(server: Valkey) {
    this.#server = server;
  }

  /** In the order of their numbers. */
  async keys(): Promise<string[]> {
    const all = await this.#server.with((client) => client.keys('edgepool:*'));
    const last = Math.max(...all.map(blockOf));
    return all.filter((key) => blockOf(key) === last).sort((a, b) => numberOf(a) - numberOf(b));
  }

  async take(): Promise<Buffer[]> {
    const keys = await this.keys();
    return this.#server.with(async (client) => {
      const pieces = await Promise.all(keys.map((key) => client.getBuffer(key)));
      return pieces.map((piece) => piece ?? Buffer.alloc(0));
    });
  }

  /** Others in their places. */
  async put(pieces: readonly Buffer[]): Promise<void> {
    const keys = await this.keys();
    assert.equal(pieces.length, keys.length);
    await this.#server.with((client) =>
      Promise.all(keys.map((key, number) => client.set(key, pieces[number] ?? ''))),
    );
  }

  async bytes(): Promise<number> {
    const pieces = await this.take();
    return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Of each, until it expires. */
  async secondsLeft(): Promise<number[]> {
    const keys = await this.keys();
    return this.#server.with((client) => Promise.all(keys.map((key) => client.ttl(key))));
  }

  async expireIn(ms: number): Promise<void> {
    const keys = await this.keys();
    await this.#server.with((client) => Promise.all(keys.map((key) => client.pexpire(key, ms))));
  }

  async delete(number: number): Promise<void> {
    const key = await this.#key(number);
    assert.equal(await this.#server.with((client) => client.del(key)), 1);
  }

  /** One bit of it. */
  flip(number: number): Promise<void> {
    return this.#change(number, (piece) => {
      piece[1000] = (piece[1000] ?? 0) ^ 1;
      return piece;
    });
  }

  cut(number: number, bytes: number): Promise<void> {
    return this.#change(number, (piece) => piece.subarray(0, bytes));
  }

  async #change(number: number, change: (piece: Buffer) => Buffer): Promise<void> {
    const key = await this.#key(number);
    await this.#server.with(async (client) => {
      const piece = await client.getBuffer(key);
      assert.ok(piece !== null);
      await client.set(key, change(piece));
    });
  }

  async #key(number: number): Promise<string> {
    const key = (await this.keys()).find((each) => numberOf(each) === number);
    assert.ok(key !== undefined, `piece ${number} is there`);
    return key;
  }
}
