import type { TrueShape } from '../frames/source.ts';
import { overlap } from '../models/answers/suppress.ts';
import type { Detection } from '../stats/answer.ts';

/** A shape that is seen to this share at least has to be found; one that is seen less may be. */
const DUE_SHARE = 0.6;
/** Intersection over union from which on a box is the right one. */
const RIGHT_OVERLAP = 0.5;

/**
 * How right detections are on a source that knows the truth: things found with the right label in
 * the right box, over those that had to be found and the false ones. A second box on one thing is
 * false.
 */
export class Accuracy {
  #right = 0;
  #all = 0;

  /** Null before anything had to be found. */
  get value(): number | null {
    return this.#all === 0 ? null : this.#right / this.#all;
  }

  judge(detections: readonly Detection[], truth: readonly TrueShape[]): void {
    const missing = new Set(truth);
    for (const { label, box } of detections) {
      const right = truth.find(
        (shape) =>
          missing.has(shape) && shape.label === label && overlap(shape.box, box) >= RIGHT_OVERLAP,
      );
      if (right === undefined) {
        this.#all += 1;
        continue;
      }
      missing.delete(right);
      if (right.visible < DUE_SHARE) continue;
      this.#right += 1;
      this.#all += 1;
    }
    this.#all += [...missing].filter(({ visible }) => visible >= DUE_SHARE).length;
  }
}
