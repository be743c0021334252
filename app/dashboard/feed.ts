import type { ServerResponse } from 'node:http';
import type { Snapshot } from '../stats/snapshot.ts';
import type { MemoryView } from './memory-view.ts';

const PERIOD_MS = 500;
const RESULT_MS = 150;
/** More viewers than that are sent away: each costs a little. */
const MOST_VIEWERS = 16;
/** What one viewer may be behind before it is let go. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;

export interface FeedOptions {
  read: () => Snapshot;
  memory: () => MemoryView;
}

/**
 * Server-sent events (HTML, 9.2): `state` twice a second with when it was so (`at_ms`), `memory` when it is another one than
 * before, `result` when a model has answered. Nothing is made while nobody looks.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #viewers = new Set<ServerResponse>();
  #timer: NodeJS.Timeout | null = null;
  #memory = '';
  readonly #told = new Map<string, number>();

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  get full(): boolean {
    return this.#viewers.size >= MOST_VIEWERS;
  }

  /** From now on the response gets events, until it is closed. */
  add(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    this.#viewers.add(response);
    response.once('close', () => this.#remove(response));
    response.once('error', () => this.#remove(response));
    response.write(this.#state() + event('memory', this.#readMemory()));
    this.#timer ??= setInterval(() => this.#tell(), PERIOD_MS);
  }

  /** A model's news: sent at once, but not more often than eyes can follow, unless a picture of its
   *  frame is shown too. */
  result(news: Readonly<{ model: string; source: string }>, pictured: boolean): void {
    if (this.#viewers.size === 0) return;
    const now = performance.now();
    const key = `${news.source}\n${news.model}`;
    const since = now - (this.#told.get(key) ?? Number.NEGATIVE_INFINITY);
    if (!pictured && since < RESULT_MS) return;
    this.#told.set(key, now);
    this.#send(event('result', JSON.stringify(news)));
  }

  close(): void {
    for (const viewer of this.#viewers) viewer.destroy();
  }

  #remove(viewer: ServerResponse): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #tell(): void {
    const before = this.#memory;
    const memory = this.#readMemory();
    const text = this.#state() + (memory === before ? '' : event('memory', memory));
    this.#send(text);
  }

  #send(text: string): void {
    for (const viewer of this.#viewers) {
      if (viewer.writableLength > MOST_WAITING_BYTES) viewer.destroy();
      else viewer.write(text);
    }
  }

  #readMemory(): string {
    this.#memory = JSON.stringify(this.#options.memory());
    return this.#memory;
  }

  #state(): string {
    const { distributions: _, ...figures } = this.#options.read();
    return event('state', JSON.stringify({ ...figures, at_ms: performance.now() }));
  }
}

const event = (name: string, data: string): string => `event: ${name}\ndata: ${data}\n\n`;
