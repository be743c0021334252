import Queue from 'yocto-queue';
import { type Message, sizeOf } from './message.ts';

/** A message with the time it was put in. */
export interface Waiting {
  message: Message;
  since_ms: number;
  /** There was no broker to give it to at once, or the connection ended before it was confirmed. */
  kept: boolean;
}

/**
 * Messages on their way to the broker, first in, first out. It holds at most so many bytes and
 * nothing older than so long: the oldest are dropped, and counted. Times are the caller's.
 */
export class OfflineQueue {
  readonly #limitBytes: number;
  readonly #limitMs: number;
  #waiting = new Queue<Waiting>();
  #bytes = 0;
  #dropped = 0;

  constructor(limitBytes: number, limitSeconds: number) {
    this.#limitBytes = limitBytes;
    this.#limitMs = limitSeconds * 1000;
  }

  get size(): number {
    return this.#waiting.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get dropped(): number {
    return this.#dropped;
  }

  put(message: Message, now_ms: number, kept = false): void {
    this.#append({ message, since_ms: now_ms, kept });
    this.#trim(now_ms);
  }

  /** The oldest message; undefined iff there is none. */
  take(now_ms: number): Waiting | undefined {
    this.#trim(now_ms);
    const entry = this.#waiting.dequeue();
    if (entry !== undefined) this.#bytes -= sizeOf(entry.message);
    return entry;
  }

  /** The connection has ended: puts entries that were taken back in front, in their order. */
  giveBack(entries: Iterable<Waiting>, now_ms: number): void {
    const later = this.#waiting;
    this.#waiting = new Queue();
    this.#bytes = 0;
    for (const entry of entries) this.#keep(entry);
    for (const entry of later) this.#keep(entry);
    this.#trim(now_ms);
  }

  #keep(entry: Waiting): void {
    if (entry.message.transient === true) this.#dropped++;
    else this.#append({ ...entry, kept: true });
  }

  /** Drops what has become too old. */
  expire(now_ms: number): void {
    this.#trim(now_ms);
  }

  /** The messages in it that are worth keeping over a power cut, the oldest first. */
  lasting(): Message[] {
    return [...this.#waiting].flatMap(({ message }) => (message.lasting ? [message] : []));
  }

  /** Drops all that is left, but `kept` messages of it that go on elsewhere. */
  clear(kept = 0): void {
    this.#dropped += this.#waiting.size - kept;
    this.#waiting.clear();
    this.#bytes = 0;
  }

  #append(entry: Waiting): void {
    this.#waiting.enqueue(entry);
    this.#bytes += sizeOf(entry.message);
  }

  #trim(now_ms: number): void {
    for (;;) {
      const oldest = this.#waiting.peek();
      if (oldest === undefined) return;
      const tooOld = now_ms - oldest.since_ms > this.#limitMs;
      if (!tooOld && this.#bytes <= this.#limitBytes) return;
      this.#waiting.dequeue();
      this.#bytes -= sizeOf(oldest.message);
      this.#dropped++;
    }
  }
}
