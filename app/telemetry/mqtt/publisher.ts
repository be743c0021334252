import type { MqttSnapshot } from '../../stats/snapshot.ts';
import type { Log } from '../log.ts';
import { BackOff, type BackOffOptions } from './back-off.ts';
import type { Message } from './message.ts';
import { OfflineQueue, type Waiting } from './offline-queue.ts';
import { Session } from './session.ts';

export interface PublisherOptions {
  /** Of the broker. */
  url: string;
  clientId: string;
  username: string | null;
  password: string | null;
  /** Published on every connection as soon as the broker has accepted it. */
  birth: Message;
  /** What the broker publishes when the device is lost, and the device itself when it stops. */
  will: Message;
  queueBytes: number;
  queueSeconds: number;
  backOff?: BackOffOptions;
  connectTimeout_ms?: number;
}

/** Messages of QoS 1 that wait for their confirmation at one time. */
const WINDOW = 16;
const FLUSH_MS = 400;
const GOODBYE_MS = 200;
/** A connection that lasted this long was a good one: the next failure is tried again soon. */
const GOOD_SESSION_MS = 5000;
const POLL_MS = 5;

/**
 * Delivers messages to a broker that may be away. A QoS 1 message waits in a bounded queue and is
 * counted as published once the broker has confirmed it; a QoS 0 message goes now or is dropped,
 * since a newer one follows. Every message is in the end either published or dropped.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #queue: OfflineQueue;
  readonly #backOff: BackOff;
  readonly #inFlight = new Set<Waiting>();
  #session: Session | null = null;
  #retry: NodeJS.Timeout | null = null;
  #running = false;
  #stopping = false;
  #upSince_ms = 0;
  #published = 0;
  #dropped = 0;
  #saidAway = false;

  constructor(options: PublisherOptions, log: Log, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#log = log;
    this.#now = now;
    this.#queue = new OfflineQueue(options.queueBytes, options.queueSeconds);
    this.#backOff = new BackOff(options.backOff ?? { first_ms: 500, longest_ms: 30_000 });
  }

  /** Begins to connect; does not wait for it. */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.#stopping = false;
    this.#connect();
  }

  /** Delivers what waits if that can be done at once, says offline, and closes. */
  async stop(): Promise<void> {
    if (!this.#running || this.#stopping) return;
    this.#stopping = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    const session = this.#session;
    if (session?.up) {
      await this.#until(
        () => this.#queue.size + this.#inFlight.size === 0 || !session.up,
        FLUSH_MS,
      );
      let answered = false;
      session.publish(this.#options.will, () => {
        answered = true;
      });
      await this.#until(() => answered || !session.up, GOODBYE_MS);
    }
    await session?.close(GOODBYE_MS);
    this.#queue.clear();
    this.#running = false;
  }

  publish(message: Message): void {
    if (!this.#running || this.#stopping) return;
    if (message.qos === 1) {
      this.#queue.put(message, this.#now());
      this.#pump();
    } else if (this.#session?.up) {
      this.#session.publish(message, (delivered) => this.#count(delivered));
    } else {
      this.#dropped++;
    }
  }

  snapshot(): { mqtt: MqttSnapshot } {
    this.#queue.expire(this.#now());
    return {
      mqtt: {
        connected: this.#session?.up ?? false,
        published: this.#published,
        dropped: this.#dropped + this.#queue.dropped,
      },
    };
  }

  #count(delivered: boolean): void {
    if (delivered) this.#published++;
    else this.#dropped++;
  }

  #connect(): void {
    const { url, clientId, username, password, will } = this.#options;
    const connectTimeout_ms = this.#options.connectTimeout_ms ?? 5000;
    const session = new Session(
      { url, clientId, username, password, will, connectTimeout_ms },
      { up: () => this.#onUp(), down: (reason) => this.#onDown(reason) },
    );
    this.#session = session;
    session.open();
  }

  #onUp(): void {
    this.#upSince_ms = this.#now();
    this.#saidAway = false;
    this.#log.info('broker connected', { broker: this.#options.url });
    this.#session?.publish(this.#options.birth, () => this.#pump());
  }

  #onDown(reason: string): void {
    this.#session = null;
    this.#queue.giveBack(this.#inFlight, this.#now());
    this.#inFlight.clear();
    if (this.#stopping) return;
    if (this.#upSince_ms > 0 && this.#now() - this.#upSince_ms >= GOOD_SESSION_MS) {
      this.#backOff.reset();
    }
    this.#upSince_ms = 0;
    const what = `broker ${this.#options.url} is away (${reason})`;
    if (this.#saidAway) this.#log.debug(what);
    else this.#log.warn(`${what}: the stream goes on, trying again`);
    this.#saidAway = true;
    this.#retry = setTimeout(() => this.#connect(), this.#backOff.next());
  }

  /** Keeps the window full. */
  #pump(): void {
    const session = this.#session;
    while (session?.up && this.#inFlight.size < WINDOW) {
      const waiting = this.#queue.take(this.#now());
      if (waiting === undefined) return;
      this.#inFlight.add(waiting);
      session.publish(waiting.message, (delivered) => {
        // What was not delivered goes back into the queue when the session is down.
        if (!delivered) return;
        this.#inFlight.delete(waiting);
        this.#published++;
        this.#pump();
      });
    }
  }

  async #until(done: () => boolean, patience_ms: number): Promise<void> {
    const end = this.#now() + patience_ms;
    while (!done() && this.#now() < end) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
