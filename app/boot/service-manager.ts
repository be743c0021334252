import { notify } from '../native/notify.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Snapshot } from '../stats/snapshot.ts';
import type { Log } from '../telemetry/log.ts';
import type { Troubles } from '../telemetry/troubles.ts';
import type { Part } from './part.ts';

/** What decides whether the watchdog is fed, and who hears of it where not. */
export interface Watched {
  pipeline: Pick<Pipeline, 'standstill'>;
  troubles: Pick<Troubles, 'tell'>;
  read: () => Snapshot;
}

/** So long one step of the start may take, whatever the service's own limit leaves. */
const STEP_USEC = 90_000_000;
/** How often the status line is renewed where there is no watchdog. */
const STATUS_MS = 5000;
/** Feeds in the time after which the watchdog bites. */
const FEEDS = 4;

/**
 * Tells the service manager that has started this program how it is doing, by sd_notify(3): that a
 * long start goes on, that everything runs, and, for as long as frames and inference go on, that it
 * lives. Without NOTIFY_SOCKET in the environment it does nothing.
 */
export class ServiceManager implements Part {
  readonly #socket: string | null;
  readonly #watchdog_ms: number | null;
  readonly #log: Log;
  #watched: Watched | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(environment: NodeJS.ProcessEnv, log: Log) {
    const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = environment;
    const ours = pid === undefined || Number(pid) === process.pid;
    const watchdog_ms = Number(usec ?? 0) / 1000;
    this.#socket = socket || null;
    this.#watchdog_ms = ours && watchdog_ms > 0 ? watchdog_ms : null;
    this.#log = log;
  }

  /** Before `start`. */
  watch(watched: Watched): void {
    this.#watched = watched;
  }

  /** A step of the start begins, a model's load for example: it is shown, and gets time of its own. */
  step(what: string): void {
    this.#send(`STATUS=${what}`, `EXTEND_TIMEOUT_USEC=${STEP_USEC}`);
  }

  /** Everything runs: the last part to start. */
  async start(): Promise<void> {
    if (this.#socket === null || this.#timer !== null) return;
    this.#send('READY=1', this.#status());
    const wait_ms = this.#watchdog_ms === null ? STATUS_MS : this.#watchdog_ms / FEEDS;
    this.#timer = setInterval(() => this.#feed(), wait_ms);
  }

  async stop(): Promise<void> {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#send('STOPPING=1', 'STATUS=stopping');
  }

  #feed(): void {
    const patience_ms = this.#watchdog_ms;
    if (patience_ms === null) {
      this.#send(this.#status());
      return;
    }
    const hangs = this.#watched?.pipeline.standstill(patience_ms) ?? null;
    if (hangs === null) {
      this.#send('WATCHDOG=1', this.#status());
      return;
    }
    this.#send(`STATUS=the watchdog is not fed: ${hangs}`);
    this.#watched?.troubles.tell(`the watchdog is not fed: ${hangs}`);
  }

  #status(): string {
    const { frames, models } = this.#watched?.read() ?? {};
    const names = models?.map(({ name }) => name).join(', ');
    return `STATUS=${(frames?.fps ?? 0).toFixed(1)} frames a second; models: ${names || 'none'}`;
  }

  /** What it does not take now, for its queue is full, it gets the next time. */
  #send(...lines: string[]): void {
    if (this.#socket === null) return;
    try {
      notify(this.#socket, lines.join('\n'));
    } catch (error) {
      this.#log.warn(`the service manager does not listen: ${(error as Error).message}`);
    }
  }
}
