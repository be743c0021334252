import type { Offer } from '../stats/offer.ts';
import { type Client, checkAuthorities, ServerLink, type ServerOptions } from './server-link.ts';

/** neighbour_changed: models that are parked from now on wait at another server than before. */
export interface NeighbourEvent {
  kind: 'neighbour_changed';
  url: string;
  /** null: it is the first. */
  former: string | null;
  message: string;
}

/** Finds servers, and hears which one is used. */
export interface Finder {
  /** Those that may be used now. */
  offers(): Promise<readonly Offer[]>;
  tell(event: NeighbourEvent): void;
}

export interface NeighboursOptions extends Omit<ServerOptions, 'url'> {
  /** Of the one server, or who finds several. */
  url: string | Finder;
}

/** A server that has let us in. */
export interface Neighbour {
  link: ServerLink;
  client: Client;
}

const SETTINGS = 'parking.neighbour';
const NAMES = { who: 'place neighbour', settings: SETTINGS };
/** Servers that are asked, one after the other, before it is said that none can be used. */
const MOST_ASKED = 3;

/**
 * The servers at which models may wait. One is used for as long as it is there and works; then that
 * with the most room of the others. One that has failed is asked again once no other is left.
 */
export class Neighbours {
  readonly #options: NeighboursOptions;
  readonly #links = new Map<string, ServerLink>();
  #current: string | null = null;

  constructor(options: NeighboursOptions) {
    this.#options = options;
  }

  /** Throws where the authorities cannot be read. */
  async start(): Promise<void> {
    checkAuthorities(this.#options.ca, SETTINGS);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.stop()));
    this.#links.clear();
  }

  /** The server that is used, or was last; null: none yet. */
  get current(): string | null {
    return this.#current;
  }

  /** The one to park at. `kept`: those at which something waits are not forgotten. Throws one line
   *  where there is none. */
  async connected(kept: ReadonlySet<ServerLink>): Promise<Neighbour> {
    const offers = await this.#offers();
    this.#forget(offers, kept);
    let fault = new Error(`${NAMES.who}: no board announces that it lends`);
    for (const { url } of this.#inOrder(offers).slice(0, MOST_ASKED)) {
      try {
        const link = this.#linkTo(url);
        const client = await link.connected();
        this.#use(url);
        return { link, client };
      } catch (error) {
        fault = error as Error;
      }
    }
    throw fault;
  }

  async #offers(): Promise<readonly Offer[]> {
    const { url } = this.#options;
    return typeof url === 'string' ? [{ device: '', url, free_bytes: 0 }] : url.offers();
  }

  /** Those that have not failed first, of these the one in use, then by their room; then those that
   *  have, the one first that was left alone longest. */
  #inOrder(offers: readonly Offer[]): Offer[] {
    const failedMs = ({ url }: Offer) => this.#links.get(url)?.failedMs ?? 0;
    const isOther = ({ url }: Offer) => Number(url !== this.#current);
    return [...offers].sort(
      (a, b) => failedMs(a) - failedMs(b) || isOther(a) - isOther(b) || b.free_bytes - a.free_bytes,
    );
  }

  #linkTo(url: string): ServerLink {
    const link = this.#links.get(url) ?? new ServerLink({ ...this.#options, url }, NAMES);
    this.#links.set(url, link);
    return link;
  }

  #use(url: string): void {
    const former = this.#current;
    this.#current = url;
    const { url: finder } = this.#options;
    if (former === url || typeof finder === 'string') return;
    const instead = former === null ? '' : ` instead of ${former}`;
    const message = `place neighbour: models wait at ${url} from now on${instead}`;
    finder.tell({ kind: 'neighbour_changed', url, former, message });
  }

  #forget(offers: readonly Offer[], kept: ReadonlySet<ServerLink>): void {
    for (const [url, link] of this.#links) {
      if (kept.has(link) || offers.some((offer) => offer.url === url)) continue;
      this.#links.delete(url);
      void link.stop();
    }
  }
}
