import type { MqttSnapshot } from '../../stats/snapshot.ts';
import type { Log } from '../log.ts';
import type { Access } from './access.ts';
import { BackOff, type BackOffOptions } from './back-off.ts';
import type { Incoming } from './incoming.ts';
import { asHistorical, type Message } from './message.ts';
import { OfflineQueue, type Waiting } from './offline-queue.ts';
import { ProtocolChoice } from './protocol-choice.ts';
import { type Listening, type Outcome, Session } from './session.ts';
import { describeTrouble, type Trouble } from './trouble.ts';

/** A time without a broker. */
export interface Absence {
  away_ms: number;
  /** Messages that were given up in it. */
  dropped: number;
  /** Messages that were kept, and go to the broker now. */
  kept: number;
}

export interface PublisherOptions {
  /** Of the broker, without a password. */
  url: string;
  clientId: string;
  /** Asked before every connection; what it throws is why there is none. */
  access(): Access;
  /** Published on every connection as soon as the broker has accepted it. */
  birth(): Message;
  /** What the broker publishes when the device is lost, and the device itself when it stops. */
  will: Message;
  queueBytes: number;
  queueSeconds: number;
  /** What this device listens to, and who is told of it. */
  topics?: readonly Listening[];
  onMessage?(incoming: Incoming): void;
  /** The broker has accepted a connection, and the birth message. */
  onUp?(): void;
  /** As `onUp`, before it, after a time without a broker. */
  onBack?(absence: Absence): void;
  /** Another connection says already whether the broker is there. */
  quiet?: boolean;
  backOff?: BackOffOptions;
  connectTimeout_ms?: number;
}

/** Topics of which it is told that the broker refuses them. */
const MOST_TOLD = 16;
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
  readonly #protocol = new ProtocolChoice();
  #trouble: Trouble | null = null;
  #absentSince: { at_ms: number; dropped: number } | null = null;
  readonly #told = new Set<string>();
  #upAtStop = false;
  #left: readonly Message[] = [];

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
    this.#left = [];
    this.#connect();
  }

  /** Delivers what waits if that can be done at once, says offline, and closes. */
  async stop(): Promise<void> {
    if (!this.#running || this.#stopping) return;
    this.#stopping = true;
    this.#upAtStop = this.#session?.up ?? false;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
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
    this.#left = this.#queue.lasting();
    this.#queue.clear(this.#left.length);
    this.#running = false;
  }

  publish(message: Message): void {
    if (!this.#running || this.#stopping) return;
    if (message.qos === 1 && (message.transient !== true || this.#session?.up)) {
      this.#queue.put(message, this.#now(), this.#absentSince !== null);
      this.#pump();
    } else if (message.qos === 0 && this.#session?.up) {
      this.#session.publish(message, (outcome) => this.#count(outcome));
    } else {
      this.#dropped++;
    }
  }

  /** Lasting messages that no broker has confirmed, the oldest first; after a stop those left. */
  lasting(): readonly Message[] {
    if (!this.#running) return this.#left;
    const inFlight = [...this.#inFlight].flatMap(({ message }) =>
      message.lasting ? [message] : [],
    );
    return [...inFlight, ...this.#queue.lasting()];
  }

  /** The broker has accepted the connection that there is now. */
  get up(): boolean {
    return this.#session?.up ?? false;
  }

  /** After a stop `connected` says how it was before. */
  snapshot(): { mqtt: MqttSnapshot } {
    this.#queue.expire(this.#now());
    const session = this.#session;
    return {
      mqtt: {
        connected: this.#stopping ? this.#upAtStop : (session?.up ?? false),
        refused: this.#trouble?.kind === 'refused' ? this.#trouble.reason : null,
        protocol: session?.up ? session.protocol : null,
        published: this.#published,
        dropped: this.#droppedInAll(),
        waiting: this.#queue.size + this.#inFlight.size + this.#left.length,
      },
    };
  }

  #droppedInAll(): number {
    return this.#dropped + this.#queue.dropped;
  }

  #count(outcome: Outcome): void {
    if (outcome === 'delivered') this.#published++;
    else this.#dropped++;
  }

  #connect(): void {
    this.#retry = null;
    const { url, clientId, will, topics = [], connectTimeout_ms = 5000 } = this.#options;
    let access: Access;
    try {
      access = this.#options.access();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#onDown({ kind: 'away', reason, ending: 'other' });
      return;
    }
    const protocol = this.#protocol.next;
    const session = new Session(
      { url, clientId, access, protocol, will, topics, connectTimeout_ms },
      {
        up: () => this.#onUp(),
        down: (trouble) => this.#onDown(trouble),
        heard: (incoming) => this.#options.onMessage?.(incoming),
        deaf: (topic) => this.#tellOnce(topic, `does not let this device listen to ${topic}`),
      },
    );
    this.#session = session;
    session.open();
  }

  #onUp(): void {
    this.#upSince_ms = this.#now();
    const news = `broker ${this.#options.url} is connected`;
    if (this.#trouble !== null && !this.#options.quiet) this.#log.info(news);
    else this.#log.debug(news);
    this.#trouble = null;
    this.#session?.publish(this.#options.birth(), (outcome) => {
      if (outcome === 'lost') return;
      this.#pump();
      this.#endAbsence();
      this.#options.onUp?.();
    });
  }

  #endAbsence(): void {
    const since = this.#absentSince;
    if (since === null) return;
    this.#queue.expire(this.#now());
    this.#absentSince = null;
    this.#options.onBack?.({
      away_ms: Math.round(this.#now() - since.at_ms),
      dropped: this.#droppedInAll() - since.dropped,
      kept: this.#queue.size + this.#inFlight.size,
    });
  }

  #onDown(trouble: Trouble): void {
    this.#session = null;
    this.#queue.giveBack(this.#inFlight, this.#now());
    this.#inFlight.clear();
    if (this.#stopping) return;
    this.#protocol.ended(trouble.ending);
    if (trouble.ending === 'version') {
      this.#retry = setTimeout(() => this.#connect(), 0);
      return;
    }
    if (this.#upSince_ms > 0 && this.#now() - this.#upSince_ms >= GOOD_SESSION_MS) {
      this.#backOff.reset();
    }
    this.#upSince_ms = 0;
    this.#absentSince ??= { at_ms: this.#now(), dropped: this.#droppedInAll() };
    const what = describeTrouble(this.#options.url, trouble);
    const known = this.#options.quiet && trouble.kind === 'away';
    if (this.#trouble?.kind === trouble.kind || known) this.#log.debug(what);
    else this.#log.warn(what);
    this.#trouble = trouble;
    this.#retry = setTimeout(() => this.#connect(), this.#backOff.next());
  }

  /** Keeps the window full. */
  #pump(): void {
    const session = this.#session;
    while (session?.up && this.#inFlight.size < session.window) {
      const waiting = this.#queue.take(this.#now());
      if (waiting === undefined) return;
      this.#inFlight.add(waiting);
      const message = waiting.kept ? asHistorical(waiting.message) : waiting.message;
      session.publish(message, (outcome) => {
        // What was lost goes back into the queue when the session is down.
        if (outcome === 'lost') return;
        this.#inFlight.delete(waiting);
        this.#count(outcome);
        if (outcome === 'refused') this.#tellOnce(message.topic, `takes no ${message.topic}`);
        this.#pump();
      });
    }
  }

  #tellOnce(topic: string, what: string): void {
    if (this.#told.has(topic) || this.#told.size >= MOST_TOLD) return;
    this.#told.add(topic);
    this.#log.warn(`broker ${this.#options.url} ${what}: check what this user may do there`);
  }

  async #until(done: () => boolean, patience_ms: number): Promise<void> {
    const end = this.#now() + patience_ms;
    while (!done() && this.#now() < end) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
