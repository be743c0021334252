import Queue from 'yocto-queue';

/** A queue in which the newest wins: where it is full, the oldest makes room. */
export class BoundedQueue<T> {
  readonly #capacity: number;
  readonly #items = new Queue<T>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#items.size;
  }

  /** The oldest, which stays. */
  get first(): T | undefined {
    return this.#items.peek();
  }

  /** Returns the item that had to go, if one had. */
  push(item: T): T | undefined {
    const replaced = this.#items.size >= this.#capacity ? this.#items.dequeue() : undefined;
    this.#items.enqueue(item);
    return replaced;
  }

  shift(): T | undefined {
    return this.#items.dequeue();
  }
}
