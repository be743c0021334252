import { Histogram } from '../stats/histogram.ts';
import { latency } from '../stats/latency.ts';
import { DROP_REASONS, noDrops } from '../stats/registry.ts';
import type { DropReason, Snapshot } from '../stats/snapshot.ts';
import type { Frame } from './frame.ts';
import { RateMeter } from './rate-meter.ts';

type FrameFigures = Pick<Snapshot, 'frames' | 'deadline_hit_ratio' | 'frame_latency_ms'>;

/** Counts what becomes of one source's frames and of the models' turns on them. */
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

  snapshot(): FrameFigures {
    return FrameTally.sum([this]);
  }

  /** The figures of several sources together; their rates add up. */
  static sum(tallies: readonly FrameTally[]): FrameFigures {
    const total = (figure: (tally: FrameTally) => number) =>
      tallies.reduce((sum, tally) => sum + figure(tally), 0);
    const dropped = noDrops();
    for (const reason of DROP_REASONS) dropped[reason] = total((tally) => tally.#dropped[reason]);
    const due = total((tally) => tally.#due);
    return {
      frames: {
        captured: total((tally) => tally.#captured),
        completed: total((tally) => tally.#completed.count),
        dropped,
        fps: total((tally) => tally.#completed.rate),
        camera_fps: total((tally) => tally.#given.rate),
      },
      deadline_hit_ratio: due === 0 ? 1 : total((tally) => tally.#inTime) / due,
      frame_latency_ms: latency(FrameTally.latencies(tallies)),
    };
  }

  /** Of the frames of several sources together. */
  static latencies(tallies: readonly FrameTally[]): Histogram {
    const sum = new Histogram();
    for (const tally of tallies) sum.add(tally.#latency);
    return sum;
  }

  /** Numbers between the last frame of the source and this one. */
  #advance(number: number): number[] {
    const next = this.#lastNumber === null ? number : this.#lastNumber + 1;
    this.#lastNumber = number;
    return Array.from({ length: Math.max(0, number - next) }, (_, index) => next + index);
  }
}
