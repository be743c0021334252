import { Histogram } from '../stats/histogram.ts';
import { latency } from '../stats/latency.ts';
import { noDrops } from '../stats/registry.ts';
import type { DropReason, Snapshot } from '../stats/snapshot.ts';
import type { Frame } from './frame.ts';
import { RateMeter } from './rate-meter.ts';

/** Counts what becomes of frames and of the models' turns on them. */
export class FrameTally {
  readonly #dropped = noDrops();
  readonly #latency = new Histogram();
  readonly #completed = new RateMeter();
  readonly #given = new RateMeter();
  #captured = 0;
  #due = 0;
  #inTime = 0;
  #lastNumber: number | null = null;
  #lastCapturedNumber = 0;

  /** A frame came; returns the numbers that the source has left out before it. */
  capture(number: number, capturedNs: number): number[] {
    const missing = this.#advance(number);
    this.#captured += 1;
    this.#given.mark(capturedNs, number - this.#lastCapturedNumber);
    this.#lastCapturedNumber = number;
    return missing;
  }

  /** The source had no slot for a frame; returns the numbers left out before it. */
  noSlot(number: number): number[] {
    const missing = this.#advance(number);
    this.#dropped.no_slot += 1;
    return missing;
  }

  /** The source lost a frame. */
  lost(): void {
    this.#dropped.source += 1;
  }

  /** A model that was due gets no answer out: a miss. */
  miss(): void {
    this.#due += 1;
  }

  /** As `miss`, on a frame that was captured. */
  drop(frame: Frame, reason: DropReason): void {
    this.miss();
    this.#dropped[reason] += 1;
    frame.lose();
  }

  answer(frame: Frame, finishedNs: number, inTime: boolean): void {
    this.#due += 1;
    this.#inTime += inTime ? 1 : 0;
    frame.answer(finishedNs);
    this.settle(frame);
  }

  /** Counts a frame that nothing is due on any more, if all have answered. A frame on which no
   *  model had a turn is complete as it comes and has no latency. */
  settle(frame: Frame): void {
    if (!frame.completed) {
      return;
    }
    this.#completed.mark(frame.answeredNs);
    if (frame.answered) {
      this.#latency.record(frame.answeredNs - frame.capturedNs);
    }
  }

  snapshot(): Pick<Snapshot, 'frames' | 'deadline_hit_ratio' | 'frame_latency_ms'> {
    return {
      frames: {
        captured: this.#captured,
        completed: this.#completed.count,
        dropped: { ...this.#dropped },
        fps: this.#completed.rate,
        camera_fps: this.#given.rate,
      },
      deadline_hit_ratio: this.#due === 0 ? 1 : this.#inTime / this.#due,
      frame_latency_ms: latency(this.#latency),
    };
  }

  get latency(): Histogram {
    return this.#latency;
  }

  /** Numbers between the last frame of the source and this one. */
  #advance(number: number): number[] {
    const next = this.#lastNumber === null ? number : this.#lastNumber + 1;
    this.#lastNumber = number;
    return Array.from({ length: Math.max(0, number - next) }, (_, index) => next + index);
  }
}
