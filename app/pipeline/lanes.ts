import type { Lane } from './lane.ts';
import { findNamed } from './unknown-name.ts';

/** The lanes that there are now, by the tag of their events. A tag is given once and never again, so
 *  that an answer finds its lane, or none, whatever has come and gone meanwhile. */
export class Lanes {
  readonly #byTag = new Map<number, Lane>();
  #byPriority: Lane[] = [];
  #nextTag = 0;

  add(make: (tag: number) => Lane): Lane {
    const tag = this.#nextTag;
    const lane = make(tag);
    if (this.all.some(({ model }) => model.name === lane.model.name)) {
      throw new Error(`a model with the name ${lane.model.name} has frames already`);
    }
    this.#nextTag += 1;
    this.#byTag.set(tag, lane);
    this.sort();
    return lane;
  }

  delete(lane: Lane): void {
    for (const [tag, each] of this.#byTag) {
      if (each === lane) this.#byTag.delete(tag);
    }
    this.sort();
  }

  /** Call it after a priority has changed. */
  sort(): void {
    this.#byPriority = [...this.all].sort((a, b) => b.priority - a.priority);
  }

  /** In the order in which they came. */
  get all(): Lane[] {
    return [...this.#byTag.values()];
  }

  /** Highest priority first, then in the order in which they came. */
  get byPriority(): readonly Lane[] {
    return this.#byPriority;
  }

  /** A model waits while those of higher priorities, in work or about to be, need all processors. */
  lets(lane: Lane, processors: number): boolean {
    const higher = this.#byPriority.filter(
      (other) => other.priority > lane.priority && (!other.idle || other.ready),
    );
    return higher.reduce((sum, { threads }) => sum + threads, 0) < processors;
  }

  get warm(): boolean {
    return this.#byPriority.every((lane) => lane.warm);
  }

  byTag(tag: number): Lane | undefined {
    return this.#byTag.get(tag);
  }

  /** Throws UnknownName. */
  byName(name: string): Lane {
    return findNamed('model', name, this.all, ({ model }) => model.name);
  }
}
