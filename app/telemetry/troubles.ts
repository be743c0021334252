import type { Log } from './log.ts';
import type { Telemetry } from './telemetry.ts';

const INTERVAL_MS = 10_000;
const LARGEST_MEMORY = 64;

/** Tells of what went wrong on a frame, the same trouble at most every ten seconds. */
export class Troubles {
  readonly #log: Log;
  readonly #telemetry: Pick<Telemetry, 'event'>;
  readonly #now: () => number;
  readonly #told = new Map<string, { at_ms: number; more: number }>();

  constructor(
    log: Log,
    telemetry: Pick<Telemetry, 'event'>,
    now: () => number = () => performance.now(),
  ) {
    this.#log = log;
    this.#telemetry = telemetry;
    this.#now = now;
  }

  tell(message: string): void {
    const last = this.#told.get(message);
    if (last !== undefined && this.#now() - last.at_ms < INTERVAL_MS) {
      last.more++;
      return;
    }
    const more = last?.more ?? 0;
    if (this.#told.size >= LARGEST_MEMORY) this.#told.clear();
    this.#told.set(message, { at_ms: this.#now(), more: 0 });
    this.#log.warn(more > 0 ? `${message} (and ${more} times more)` : message);
    this.#telemetry.event('error', { message, more });
  }
}
