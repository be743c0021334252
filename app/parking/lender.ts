import { setTimeout as sleep } from 'node:timers/promises';
import { HUGE_PAGE_BYTES } from '../memory/huge-pages.ts';
import { roundUp } from '../models/sizing.ts';
import type { LendingSnapshot } from '../stats/snapshot.ts';
import type { LendingServer } from './lending-server.ts';
import type { LentRegion } from './lent-region.ts';
import { StillLent } from './still-lent.ts';

/** lending_failed: a step one way or the other could not be made, and is tried again. */
export interface LendingEvent {
  kind: 'lending_failed';
  message: string;
  /** What was to be back and is not; 0: memory could not be lent. */
  missing_bytes: number;
}

export interface LenderOptions {
  region: Pick<LentRegion, 'prepare' | 'lend' | 'takeBack' | 'end' | 'stats'>;
  server: Pick<LendingServer, keyof LendingServer>;
  boundBytes: number;
  /** How long the server may take to give something up. */
  patienceMs: number;
  tell: (event: LendingEvent) => void;
}

const EXTENT_BYTES = HUGE_PAGE_BYTES;
/** What one step lends at most. */
const STEP_BYTES = 8 * EXTENT_BYTES;
const AGAIN_MS = 20;

/**
 * Lends memory of the region that nobody of ours needs: first the system has it, then the server
 * may use as much more. It comes back the other way round: the server's limit falls, it gives up
 * what it has beyond it, then the region takes the memory. So at no time may both of them hold more
 * than they have together.
 */
export class Lender {
  readonly #options: LenderOptions;
  #last: Promise<unknown> = Promise.resolve();
  #held = 0;
  #limitBytes: number | null = null;
  #failures = 0;
  #failing = false;

  constructor(options: LenderOptions) {
    this.#options = options;
  }

  /** Before the region takes its memory: the server holds no more than its own, whatever an earlier
   *  process had lent to it. Throws where a setting is wrong. */
  async start(): Promise<void> {
    const { region, server } = this.#options;
    await server.start();
    await this.#tried(() =>
      this.#patiently(async () => {
        await this.#giveUp(0);
        await region.prepare();
      }),
    );
  }

  /** After the region has gone: the server has its own limit again, the kernel its huge pages. */
  async stop(): Promise<void> {
    const { region, server } = this.#options;
    // One that is away by now keeps what it may hold, until a program comes that lends.
    await server.allow(0).catch(() => undefined);
    await region.end().catch(() => undefined);
    await server.stop();
  }

  /** One step towards what may be lent, where so many bytes of the region stay free. */
  step(keptBytes: number): Promise<void> {
    if (this.#held > 0) return this.idle();
    return this.#inTurn(() => this.#tried(() => this.#step(keptBytes)));
  }

  /** Waits for what is under way. */
  async idle(): Promise<void> {
    await this.#last;
  }

  /** Waits for the step that is under way; no other one is made until `release` was called as
   *  often. */
  async hold(): Promise<void> {
    this.#held += 1;
    await this.idle();
  }

  release(): void {
    this.#held -= 1;
  }

  /** Takes back what is missing for so many bytes to be free, as far as it was lent. What fails is
   *  told. For who holds it. */
  makeRoom(bytes: number): Promise<void> {
    const { unassigned_bytes: free, lent_bytes: lent } = this.#options.region.stats();
    const missing = roundUp(bytes - free, EXTENT_BYTES);
    if (missing <= 0 || lent === 0) return Promise.resolve();
    return this.#inTurn(() => this.#tried(() => this.#takeBack(Math.min(missing, lent))));
  }

  figures(): LendingSnapshot {
    const { lent_bytes, extents_lent, extents_taken_back } = this.#options.region.stats();
    return {
      bound_bytes: this.#options.boundBytes,
      ...{ lent_bytes, server_limit_bytes: this.#limitBytes },
      server_used_bytes: this.#options.server.usedBytes,
      ...{ extents_lent, extents_taken_back, failures: this.#failures },
    };
  }

  /** What the server has room for; null: nothing is lent to it, or it does not answer. */
  get freeBytes(): number | null {
    const { region, server } = this.#options;
    const used = server.usedBytes;
    const lends = region.stats().lent_bytes > 0 && !this.#failing;
    if (!lends || used === null || this.#limitBytes === null) return null;
    return Math.max(0, this.#limitBytes - used);
  }

  async #step(keptBytes: number): Promise<void> {
    const { boundBytes, region } = this.#options;
    const { unassigned_bytes: free, lent_bytes: lent } = region.stats();
    const spare = Math.max(0, Math.min(boundBytes, free + lent - keptBytes));
    const wanted = spare - (spare % EXTENT_BYTES);
    if (wanted < lent) await this.#takeBack(lent - wanted);
    else await this.#lend(Math.min(wanted - lent, STEP_BYTES));
  }

  async #lend(bytes: number): Promise<void> {
    const { region, server } = this.#options;
    await server.check();
    if (bytes > 0) await region.lend(bytes);
    // Also where nothing is new: a server that has started again knows its own limit alone.
    await this.#allow(region.stats().lent_bytes);
  }

  async #takeBack(bytes: number): Promise<void> {
    const { region } = this.#options;
    const rest = region.stats().lent_bytes - bytes;
    try {
      await this.#patiently(async () => {
        await this.#giveUp(rest);
        await region.takeBack(region.stats().lent_bytes - rest);
      });
    } catch (error) {
      const { lent_bytes: left } = region.stats();
      // What has not come back may be used.
      await this.#allow(left).catch(() => undefined);
      throw new StillLent((error as Error).message, left - rest);
    }
  }

  async #allow(lentBytes: number): Promise<void> {
    const { server } = this.#options;
    await server.allow(lentBytes);
    this.#limitBytes = server.limitBytes(lentBytes);
  }

  async #giveUp(lentBytes: number): Promise<void> {
    const { server } = this.#options;
    await server.giveUp(lentBytes);
    this.#limitBytes = server.limitBytes(lentBytes);
  }

  async #patiently(action: () => Promise<void>): Promise<void> {
    const end = performance.now() + this.#options.patienceMs;
    for (;;) {
      try {
        return await action();
      } catch (error) {
        if (performance.now() >= end) throw error;
        await sleep(AGAIN_MS);
      }
    }
  }

  /** A failure is told once, until something succeeds again. */
  async #tried(action: () => Promise<void>): Promise<void> {
    try {
      await action();
      this.#failing = false;
    } catch (error) {
      this.#failures += 1;
      if (!this.#failing) this.#tell(error as Error);
      this.#failing = true;
    }
  }

  #tell(error: Error): void {
    const missing_bytes = error instanceof StillLent ? error.missingBytes : 0;
    this.#options.tell({ kind: 'lending_failed', message: error.message, missing_bytes });
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(action);
    this.#last = turn;
    return turn;
  }
}
