import type { Config } from '../config/config.ts';
import type { Region } from '../memory/region.ts';
import { Companion } from '../parking/companion.ts';
import { Lender, type LendingEvent } from '../parking/lender.ts';
import { LendingServer } from '../parking/lending-server.ts';
import { LentRegion } from '../parking/lent-region.ts';
import type { Log } from '../telemetry/log.ts';
import { bytesOf } from './mib.ts';
import type { Part } from './part.ts';

const EVERY_MS = 1000;
const TIMEOUT_MS = 2000;

export interface LendingOptions {
  config: Config;
  region: Region;
  log: Log;
  /** What models that take turns and are away need of the region: it is kept for them. */
  awayBytes: () => number;
  /** A step could not be made. */
  tell: (event: LendingEvent) => void;
}

/**
 * Memory that is lent where the settings say so. As a part before the region it sees to it that the
 * server holds no more than its own; `steps`, behind the models, lends and takes back.
 */
export class Lending implements Part {
  /** Null: nothing is lent. */
  readonly lender: Lender | null;
  readonly #options: LendingOptions;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: LendingOptions) {
    this.#options = options;
    const {
      mb,
      own_mb,
      patience_ms: patienceMs,
      companion: socket,
      ...access
    } = options.config.parking.lend;
    const ownBytes = bytesOf(own_mb);
    const companion = socket === null ? null : new Companion(socket);
    this.lender =
      mb === 0
        ? null
        : new Lender({
            region: new LentRegion({ region: options.region, companion }),
            server: new LendingServer({ ...access, ownBytes, timeoutMs: TIMEOUT_MS }),
            boundBytes: bytesOf(mb),
            patienceMs,
            tell: (event) => {
              options.log.warn(event.message);
              options.tell(event);
            },
          });
  }

  async start(): Promise<void> {
    await this.lender?.start();
  }

  async stop(): Promise<void> {
    await this.lender?.stop();
  }

  /** What others may be told that there is room for; null: nothing is lent now. */
  get freeBytes(): number | null {
    return this.#timer === null ? null : (this.lender?.freeBytes ?? null);
  }

  readonly steps: Part = {
    start: async () => {
      if (this.lender === null) return;
      this.#timer ??= setInterval(() => void this.#step(), EVERY_MS);
    },
    stop: async () => {
      if (this.#timer === null) return;
      clearInterval(this.#timer);
      this.#timer = null;
      await this.lender?.idle();
    },
  };

  #step(): Promise<void> | undefined {
    const { config, region, awayBytes } = this.#options;
    const reserve = config.region.reserve * region.stats().capacity_bytes;
    return this.lender?.step(reserve + awayBytes());
  }
}
