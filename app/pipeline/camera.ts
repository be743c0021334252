import type { Events } from '../frames/events.ts';
import type { NativeEvent } from '../frames/native-event.ts';
import type { Placement } from '../frames/placement.ts';
import type { Offer, Preview } from '../frames/preview.ts';
import type { Recorder } from '../frames/recorder.ts';
import type { Ring } from '../frames/ring.ts';
import type { Source } from '../frames/source.ts';
import type { Size } from '../models/answers/view.ts';
import type { SourceSnapshot } from '../stats/snapshot.ts';
import { Copies } from './copies.ts';
import { Frame } from './frame.ts';
import { FrameTally } from './frame-tally.ts';
import { PeriodMeter } from './period-meter.ts';

export interface CameraOptions {
  /** Unique; stands in results. */
  name: string;
  source: Source;
  /** Its own: no other source fills it. */
  ring: Ring;
  fps: number;
  /** Processors that its thread may run on; null or left out: every one. */
  cpus?: readonly number[] | null;
  /** Real-time priority of its thread, 1 to 99; 0 or left out: an ordinary one. */
  realtime?: number;
  /** Keeps its frames; null or left out: nobody does. */
  recorder?: Recorder | null;
  /** Shows its frames to who looks; null or left out: nobody may. */
  preview?: Preview | null;
}

/** One source with its ring and what has become of its frames. */
export class Camera {
  readonly name: string;
  readonly source: Source;
  readonly ring: Ring;
  readonly tally = new FrameTally();
  readonly copies = new Copies();
  readonly #tag: number;
  readonly #placement: Placement;
  readonly #recorder: Recorder | null;
  readonly #preview: Preview | null;
  readonly #onRefusal: (message: string) => void;
  readonly #period: PeriodMeter;
  /** What is added to the source's numbers, which begin anew with each start. */
  #base = 0;
  #last = 0;
  #size: Size | null = null;
  #expectedSince_ms: number | null = null;
  #change: Promise<void> = Promise.resolve();

  /** `onRefusal` hears, in one line, why its thread does not run as it was to, or why its frames
   *  are not recorded. */
  constructor(options: CameraOptions, tag: number, onRefusal: (message: string) => void) {
    this.name = options.name;
    this.source = options.source;
    this.ring = options.ring;
    this.#tag = tag;
    this.#placement = { cpus: options.cpus ?? null, realtime: options.realtime ?? 0, nice: 0 };
    this.#recorder = options.recorder ?? null;
    this.#preview = options.preview ?? null;
    this.#onRefusal = onRefusal;
    this.#period = new PeriodMeter(options.fps);
  }

  get periodNs(): number {
    return this.#period.ns;
  }

  /** Since when the next frame is waited for, by the process's monotonic clock; null: none is, for
   *  it does not run, has ended, or has said that it has none for now. */
  get expectedSince_ms(): number | null {
    return this.#expectedSince_ms;
  }

  /** Whether frames may come, as the source has said. */
  set away(away: boolean) {
    this.#expectedSince_ms = away ? null : performance.now();
  }

  async start(events: Events): Promise<void> {
    await this.#recorder?.start(this.ring);
    try {
      await this.source.start(this.ring, events, this.#tag);
      this.away = false;
    } catch (error) {
      // Nothing has been captured: no file stays behind.
      if (this.#last === 0) await this.endRecording();
      throw error;
    }
    const { cpus, realtime } = this.#placement;
    if ((cpus ?? []).length === 0 && realtime === 0) return;
    try {
      this.source.place(this.#placement);
    } catch (error) {
      this.#onRefusal((error as Error).message);
    }
  }

  /** Also ends a restart that is under way. */
  async stop(): Promise<void> {
    await this.#change;
    this.away = true;
    await this.source.stop();
    await this.#preview?.stop();
  }

  /** Nothing is captured any more, and what was is known. */
  async endRecording(): Promise<void> {
    await this.#recorder?.stop();
  }

  /** Stops the source, does what `between` says, and starts it; numbers go on. One at a time. */
  async restart(events: Events, between: () => Promise<void>): Promise<void> {
    const change = this.#change.then(async () => {
      await this.source.stop();
      // What the former run has reported still has the former numbers.
      events.drain();
      this.away = true;
      this.#base = this.#last;
      this.#period.clear();
      try {
        await between();
      } finally {
        await this.start(events);
      }
    });
    this.#change = change.catch(() => undefined);
    await change;
  }

  /** The number of an event's frame, over all starts of the source. */
  number(event: NativeEvent): number {
    this.away = false;
    this.#last = Math.max(this.#last, this.#base + event.number);
    return this.#base + event.number;
  }

  /** Takes a captured frame in; also the numbers that the source has left out before it. */
  capture(event: NativeEvent): { number: number; lost: number[] } {
    const number = this.number(event);
    const { capturedNs, width, height } = event;
    this.#period.mark(number, capturedNs);
    this.#size = { width, height };
    this.copies.count(event.frameBytes, event.bytesCopied);
    this.#record(event);
    return { number, lost: this.tally.capture(number, capturedNs) };
  }

  /** For who looks: a captured frame, and the turns that models have on it. */
  show(event: NativeEvent, turns: Pick<Offer, 'number' | 'due' | 'models'>): void {
    const { slot, capturedNs, width, height } = event;
    const offer = { slot, capturedNs, width, height, ...turns };
    this.#preview?.offer(this.ring, offer, () => event.frame());
  }

  frame(event: NativeEvent, due: number): Frame {
    const { number: sourceNumber, slot, capturedNs, width, height } = event;
    return new Frame({
      source: this.name,
      number: this.#base + sourceNumber,
      sourceNumber,
      slot,
      capturedNs,
      native: event.frame(),
      size: { width, height },
      due,
    });
  }

  snapshot(): SourceSnapshot {
    const { frames, frame_latency_ms } = this.tally.snapshot();
    const { width, height } = this.#size ?? { width: 0, height: 0 };
    return {
      name: this.name,
      kind: this.source.description,
      width,
      height,
      away: this.#expectedSince_ms === null,
      period_ms: this.periodNs / 1e6,
      ...frames,
      frame_latency_ms,
      ...this.copies.snapshot(),
      recording: this.#recorder?.snapshot() ?? null,
      previews: this.#preview?.count ?? 0,
      snapshots: this.#preview?.taken ?? 0,
    };
  }

  #record(event: NativeEvent): void {
    if (this.#recorder === null) return;
    try {
      this.#recorder.offer(event.frame());
    } catch (error) {
      this.#onRefusal((error as Error).message);
    }
  }
}
