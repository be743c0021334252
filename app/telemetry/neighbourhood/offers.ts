import type { Offer } from '../../stats/offer.ts';
import type { Incoming } from '../mqtt/incoming.ts';
import { OfferReader } from './offer-message.ts';

export interface OffersOptions {
  /** Topics are `<base>/<device>/lending`. */
  base: string;
  /** This one, whose own memory is no neighbour's. */
  device: string;
  /** An announcement that is not renewed for so long is none any more. */
  lifeMs: number;
  /** Told once of each thing that is wrong with what a device announces. */
  ignored(device: string, why: string): void;
}

const NAME = /^[^/+#\s\0]{1,63}$/;
const LONGEST_NAME = 63;
/** Boards that are known at one time. */
const MOST_KNOWN = 16;
const MOST_TOLD = 64;
const ENDING = '/lending';

interface Known extends Offer {
  heardMs: number;
}

/** What the boards of the house lend, as they announce it. */
export class Offers {
  readonly #options: OffersOptions;
  readonly #reader = new OfferReader();
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();
  readonly #told = new Set<string>();

  constructor(options: OffersOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
  }

  get topic(): string {
    return `${this.#options.base}/+${ENDING}`;
  }

  hear({ topic, payload }: Pick<Incoming, 'topic' | 'payload'>): void {
    const { base, device: own } = this.#options;
    if (!topic.startsWith(`${base}/`) || !topic.endsWith(ENDING)) return;
    const device = topic.slice(base.length + 1, -ENDING.length);
    if (device === own) return;
    this.#known.delete(device);
    if (payload.length === 0) return;
    const offer = this.#reader.read(payload);
    const why = typeof offer === 'string' ? offer : this.#refusal(device);
    if (why !== null) this.#ignore(device, why);
    else if (typeof offer !== 'string') {
      this.#known.set(device, { device, ...offer, heardMs: this.#now() });
    }
  }

  /** What was withdrawn meanwhile nobody has heard: what is still there will be told again. */
  renew(): void {
    for (const known of this.#known.values()) known.heardMs = this.#now();
  }

  /** `listening`: what is renewed would be heard. */
  list(listening: boolean): Offer[] {
    if (listening) this.#forgetOld();
    return [...this.#known.values()].map(({ heardMs: _, ...offer }) => offer);
  }

  #refusal(device: string): string | null {
    if (!NAME.test(device)) return 'that is no name of a device';
    if (this.#known.size >= MOST_KNOWN) this.#forgetOld();
    return this.#known.size < MOST_KNOWN ? null : `${MOST_KNOWN} others are known already`;
  }

  #forgetOld(): void {
    for (const [device, { heardMs }] of this.#known) {
      if (this.#now() - heardMs > this.#options.lifeMs) this.#known.delete(device);
    }
  }

  #ignore(from: string, why: string): void {
    const device = from.slice(0, LONGEST_NAME);
    const key = `${device} ${why}`;
    if (this.#told.has(key) || this.#told.size >= MOST_TOLD) return;
    this.#told.add(key);
    this.#options.ignored(device, why);
  }
}
