import type { Snapshot } from '../../../app/stats/snapshot.ts';
import { freePort, Mosquitto } from '../brokers.ts';
import { type Observed, Observer } from '../observer.ts';
import { type Board, HOST } from './board.ts';
import { PATIENCE_SECONDS } from './patience.ts';

/** As `board.ts` gives the guest a machine id. */
const TOPIC = /^edgepool\/edgepool-[0-9a-f]{6}\//;

export type State = Snapshot & { boot: string; sequence: number; time: string };

interface Event {
  event: string;
  message?: string;
  model?: string;
  models?: string[];
  faults?: string[];
  origin?: string;
  starts?: number;
  runs_on?: string;
}

/** Who alone is let in. */
interface User {
  username: string;
  password: string;
}

/** A mosquitto on this machine, and what the board says to it. */
export class Telemetry {
  readonly #broker: Mosquitto;
  readonly #port: number;
  #observer: Observer | null = null;

  private constructor(port: number) {
    this.#port = port;
    this.#broker = new Mosquitto(port);
  }

  /** Not yet there: `start` brings it up. */
  static async create(): Promise<Telemetry> {
    return new Telemetry(await freePort());
  }

  /** The broker's URL in the guest. */
  get url(): string {
    return `mqtt://${HOST}:${this.#port}`;
  }

  async start(user?: User): Promise<void> {
    if (user === undefined) await this.#broker.start();
    else await this.#broker.start(this.#broker.passwords(user.username, user.password));
    this.#observer ??= await Observer.listen(this.#broker.url, '#', user);
  }

  /** The broker goes without a goodbye; what was heard stays. */
  async kill(): Promise<void> {
    await this.#broker.kill();
  }

  async remove(): Promise<void> {
    await this.#observer?.close();
    await this.#broker.remove();
  }

  /** Says something to the board. */
  async say(topic: string, payload: unknown): Promise<void> {
    await this.#observer?.say(topic, JSON.stringify(payload));
  }

  /** What was said on topics that end so, oldest first. */
  on(ending: string): Observed[] {
    const heard = this.#observer?.heard ?? [];
    return heard.filter(({ topic }) => TOPIC.test(topic) && topic.endsWith(`/${ending}`));
  }

  states(): State[] {
    return this.on('state').map(({ payload }) => JSON.parse(payload));
  }

  events(event: string): Event[] {
    const all: Event[] = this.on('event').map(({ payload }) => JSON.parse(payload));
    return all.filter((each) => each.event === event);
  }

  availability(): string[] {
    return this.on('availability').map(({ payload }) => payload);
  }

  /** The next state that fits; fails with the board. */
  async state(
    board: Board,
    what: string,
    fits: (state: State) => boolean = () => true,
    patience_seconds = PATIENCE_SECONDS,
  ): Promise<State> {
    const seen = this.states().length;
    return board.until(what, () => this.states().slice(seen).find(fits), patience_seconds);
  }
}
