import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config/config.ts';
import type { Offer } from '../../stats/offer.ts';
import type { Log } from '../log.ts';
import { readAccess } from '../mqtt/access.ts';
import { brokerAddress } from '../mqtt/broker-address.ts';
import type { Message } from '../mqtt/message.ts';
import { Publisher } from '../mqtt/publisher.ts';
import { Topics } from '../mqtt/topics.ts';
import type { Telemetry } from '../telemetry.ts';
import { Offers } from './offers.ts';

export interface NeighbourhoodOptions {
  config: Pick<Config, 'device' | 'mqtt' | 'parking'>;
  /** Whose messages these are too, and who tells of what cannot be used. */
  telemetry: Pick<Telemetry, 'envelope' | 'event'>;
  /** What this board's server has room for; null: nothing is lent now. */
  lending: { readonly freeBytes: number | null };
  log: Log;
  /** Between two announcements that say the same. */
  periodMs?: number;
}

const PERIOD_MS = 10_000;
/** Of an announcement that is not renewed, in periods. */
const LIVES = 3;
const LOOKS = 10;
/** After the start boards that lend have so long to be heard of. */
const FIRST_MS = 3000;
/** What the broker keeps comes at once, one after the other. */
const SETTLE_MS = 100;
const QUEUE = { queueBytes: 4096, queueSeconds: 30 };

/**
 * Who lends memory to whom, by MQTT: announces that this board does, and hears of the others. On a
 * connection of its own: its last will takes back what is announced, and it is there before the
 * first model is. Where the settings ask for neither, there is none.
 */
export class Neighbourhood {
  readonly #options: NeighbourhoodOptions;
  readonly #topic: string;
  readonly #periodMs: number;
  readonly #offers: Offers;
  #publisher: Publisher | null = null;
  #timer: NodeJS.Timeout | null = null;
  #startMs = 0;
  readonly #first = new AbortController();
  #announcedMs: number | null = null;

  constructor(options: NeighbourhoodOptions) {
    const { config, periodMs = PERIOD_MS } = options;
    const { device, mqtt } = config;
    this.#options = options;
    this.#periodMs = periodMs;
    this.#topic = new Topics(mqtt.base, device).lending;
    this.#offers = new Offers({
      base: mqtt.base,
      device,
      lifeMs: LIVES * periodMs,
      ignored: (from, why) => this.#ignored(from, why),
    });
  }

  async start(): Promise<void> {
    const { config, log } = this.#options;
    const { mqtt, device, parking } = config;
    const { discover } = parking.neighbour;
    if (this.#publisher !== null || (this.#url === null && !discover)) return;
    const listening = { topics: [{ topic: this.#offers.topic, kept: true }] };
    this.#startMs = performance.now();
    this.#publisher = new Publisher(
      {
        ...{ url: brokerAddress(mqtt.broker).url, clientId: `${device}-lending`, quiet: true },
        access: () => readAccess(mqtt, process.env.CREDENTIALS_DIRECTORY),
        birth: () => this.#announcement(),
        will: this.#message(''),
        ...QUEUE,
        ...(discover ? listening : {}),
        onUp: () => this.#offers.renew(),
        onMessage: (incoming) => this.#hear(incoming),
      },
      log,
    );
    await this.#publisher.start();
    this.#timer = setInterval(() => this.#look(), this.#periodMs / LOOKS);
  }

  /** Takes back what was announced. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#first.abort();
    await this.#publisher?.stop();
  }

  /** The boards that lend. Right after the start it waits until the first is heard of, not long. */
  async offers(): Promise<readonly Offer[]> {
    const left = this.#startMs + FIRST_MS - performance.now();
    const waits = { signal: this.#first.signal, ref: false };
    if (left > 0) await sleep(left, undefined, waits).catch(() => undefined);
    return this.#offers.list(this.#publisher?.up ?? false);
  }

  /** What the settings say that others are told; null: nothing. */
  get #url(): string | null {
    const { mb, announce } = this.#options.config.parking.lend;
    return mb === 0 ? null : announce;
  }

  /** What there is for others now. */
  get #offer(): Omit<Offer, 'device'> | null {
    const free_bytes = this.#options.lending.freeBytes;
    return free_bytes === null || this.#url === null ? null : { url: this.#url, free_bytes };
  }

  #look(): void {
    if (!this.#publisher?.up) return;
    const told = this.#announcedMs;
    const same = (this.#offer === null) === (told === null);
    if (same && (told === null || performance.now() - told < this.#periodMs)) return;
    this.#publisher.publish(this.#announcement());
  }

  /** As things are now; empty where nothing is lent. */
  #announcement(): Message {
    const offer = this.#offer;
    this.#announcedMs = offer === null ? null : performance.now();
    if (offer === null) return this.#message('');
    return this.#message(JSON.stringify({ ...this.#options.telemetry.envelope.next(), ...offer }));
  }

  #message(payload: string): Message {
    const expiry_seconds = Math.ceil((LIVES * this.#periodMs) / 1000);
    const lasts = payload === '' ? {} : { expiry_seconds };
    return { topic: this.#topic, payload, qos: 1, retain: true, transient: true, ...lasts };
  }

  #hear(incoming: { topic: string; payload: Buffer }): void {
    this.#offers.hear(incoming);
    if (this.#first.signal.aborted || this.#offers.list(false).length === 0) return;
    setTimeout(() => this.#first.abort(), SETTLE_MS).unref();
  }

  #ignored(device: string, why: string): void {
    const message = `${JSON.stringify(device)} announces that it lends, and is ignored: ${why}`;
    this.#options.log.warn(message);
    this.#options.telemetry.event('announcement_ignored', { device, message });
  }
}
