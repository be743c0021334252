import type { Events } from '../frames/events.ts';
import type { NativeEvent } from '../frames/native-event.ts';
import type { Ring } from '../frames/ring.ts';
import type { Source } from '../frames/source.ts';
import type { Runtime } from '../models/runtime.ts';
import { EventKind } from '../native/constants.ts';
import type { Answer } from '../stats/answer.ts';
import { Histogram } from '../stats/histogram.ts';
import { quantiles } from '../stats/latency.ts';
import type { SnapshotPart } from '../stats/registry.ts';
import type { DropReason, Snapshot } from '../stats/snapshot.ts';
import { Accuracy } from './accuracy.ts';
import { Frame } from './frame.ts';
import { FrameTally } from './frame-tally.ts';
import { Lane, type LaneOptions } from './lane.ts';
import { SteadyState } from './steady-state.ts';

export interface PipelineOptions {
  runtime: Runtime;
  ring: Ring;
  events: Events;
  source: Source;
  fps: number;
  lanes: readonly LaneOptions[];
}

/** What a model has found on a frame. */
export interface Result extends Answer {
  model: string;
  number: number;
  captured_ns: number;
  /** From capture to this answer. */
  latency_ms: number;
  invoke_ms: number;
  in_time: boolean;
}

/** Frames that may wait for the event loop: at 30 a second it may stand still for 100 ms. */
const WAITING_FRAMES = 3;

/** One being filled, those on their way, and what every model may hold: one in work, one waiting. */
export function slotsFor(models: number): number {
  return 1 + WAITING_FRAMES + 2 * models;
}

/** Brings frames to the models that are due on them and takes their answers. */
export class Pipeline implements SnapshotPart {
  onResult: ((result: Result) => void) | null = null;
  /** One line: a model failed on a frame, or the source on one of its own. */
  onError: ((message: string) => void) | null = null;
  /** The source has no more frames. */
  onEnd: (() => void) | null = null;
  readonly #options: PipelineOptions;
  readonly #lanes: Lane[];
  readonly #byPriority: Lane[];
  readonly #tally = new FrameTally();
  readonly #accuracy = new Accuracy();
  readonly #conversionTimes = new Histogram();
  readonly #steadyState: SteadyState;
  #bytesCopied = 0;
  #state: 'new' | 'running' | 'stopping' | 'stopped' = 'new';
  #onIdle: (() => void) | null = null;

  constructor(options: PipelineOptions) {
    this.#options = options;
    const { runtime, ring, events, fps } = options;
    this.#lanes = options.lanes.map(
      (lane, index) => new Lane(runtime.native, events, ring, lane, index, fps),
    );
    this.#byPriority = [...this.#lanes].sort((a, b) => b.priority - a.priority);
    this.#steadyState = new SteadyState(runtime);
  }

  /** Starts the models' threads, then the source. */
  async start(): Promise<void> {
    if (this.#state !== 'new') {
      return;
    }
    const { events, source, ring } = this.#options;
    events.onEvent = (event) => this.#handle(event);
    this.#state = 'running';
    for (const lane of this.#lanes) {
      await lane.worker.start();
    }
    await source.start(ring, events);
  }

  /** Ends the source, lets frames in work be answered and drops the waiting ones as `stopping`. */
  async stop(): Promise<void> {
    if (this.#state !== 'running') {
      return;
    }
    this.#state = 'stopping';
    await this.#options.source.stop();
    this.#options.events.drain();
    for (const lane of this.#lanes) {
      for (let frame = lane.withdraw(); frame !== undefined; frame = lane.withdraw()) {
        this.#drop(frame, 'stopping');
      }
    }
    await this.#idle();
    this.#steadyState.end();
    for (const lane of this.#lanes) {
      await lane.worker.stop();
    }
    this.#state = 'stopped';
  }

  snapshot(): Partial<Snapshot> {
    return {
      ...this.#tally.snapshot(),
      models: this.#lanes.map((lane) => lane.snapshot()),
      steady_state: this.#steadyState.snapshot(),
      conversion_ms: quantiles(this.#conversionTimes),
      bytes_copied: this.#bytesCopied,
      distributions: {
        frame_latency: this.#tally.latency.distribution(),
        conversion: this.#conversionTimes.distribution(),
        invoke: this.#lanes.map((lane) => lane.distribution()),
      },
      accuracy: this.#accuracy.value,
    };
  }

  #handle(event: NativeEvent): void {
    switch (event.kind) {
      case EventKind.frame:
        this.#handleFrame(event);
        return;
      case EventKind.result:
        this.#handleResult(event);
        return;
      case EventKind.sourceDrop:
        this.#handleLoss(event);
        return;
      case EventKind.sourceError:
        this.onError?.(event.message);
        return;
      case EventKind.sourceEnd:
        this.onEnd?.();
        return;
      default:
        throw new Error(`the native library reported an event of unknown kind ${event.kind}`);
    }
  }

  /** The frame is held once for this method, which ends that hold. */
  #handleFrame(event: NativeEvent): void {
    const { number, slot, capturedNs, width, height } = event;
    this.#missAll(this.#tally.capture(number, capturedNs));
    if (this.#lanes.every((lane) => lane.warm)) {
      this.#steadyState.cover();
    }
    const due = this.#byPriority.filter((lane) => lane.schedule.isDue(number));
    const frame = new Frame(number, slot, capturedNs, event.frame(), { width, height }, due.length);
    for (const lane of due) {
      const replaced = lane.offer(frame);
      if (replaced !== undefined) {
        this.#drop(replaced, this.#state === 'stopping' ? 'stopping' : 'superseded');
      }
    }
    if (due.length === 0) {
      this.#tally.settle(frame);
    }
    this.#options.ring.release(slot);
    for (const lane of due) {
      this.#submitNext(lane);
    }
  }

  #handleResult(event: NativeEvent): void {
    const lane = this.#lanes[event.tag];
    const frame = lane?.inWork;
    if (!lane || !frame) {
      throw new Error(`the native library answered for a frame that no model has (${event.tag})`);
    }
    lane.free();
    if (event.status === 0) {
      this.#answer(lane, frame, event);
    } else {
      this.#tally.drop(frame, 'error');
      this.onError?.(`${lane.model.name}: ${event.message}`);
    }
    this.#submitNext(lane);
    if (this.#lanes.every((each) => each.idle)) {
      this.#onIdle?.();
    }
  }

  #answer(lane: Lane, frame: Frame, event: NativeEvent): void {
    const { capturedNs } = frame;
    const { startedNs, convertedNs, finishedNs } = event;
    const inTime = lane.schedule.inTime(capturedNs, finishedNs);
    this.#conversionTimes.record(convertedNs - startedNs);
    this.#bytesCopied += event.bytesCopied;
    this.#tally.answer(frame, finishedNs, inTime);
    const answer = lane.read(frame, event);
    this.#judge(lane, frame, answer);
    this.onResult?.({
      model: lane.model.name,
      number: frame.number,
      captured_ns: capturedNs,
      latency_ms: (finishedNs - capturedNs) / 1e6,
      invoke_ms: (finishedNs - convertedNs) / 1e6,
      in_time: inTime,
      ...answer,
    });
  }

  #judge(lane: Lane, { number }: Frame, { detections }: Answer): void {
    if (detections === undefined) return;
    const truth = this.#options.source.truth(number);
    if (truth === null || !lane.knows(truth.map(({ label }) => label))) return;
    this.#accuracy.judge(detections, truth);
  }

  #handleLoss(event: NativeEvent): void {
    const { number } = event;
    this.#missAll(this.#tally.noSlot(number));
    this.#miss(number);
  }

  #submitNext(lane: Lane): void {
    if (!lane.idle || this.#state === 'stopping') {
      return;
    }
    const frame = lane.withdraw();
    if (frame === undefined) {
      return;
    }
    try {
      lane.submit(frame);
    } catch (error) {
      this.#drop(frame, 'error');
      this.onError?.(`${lane.model.name}: ${(error as Error).message}`);
    }
  }

  /** Ends a lane's hold on a frame that it will not answer. */
  #drop(frame: Frame, reason: DropReason): void {
    this.#tally.drop(frame, reason);
    this.#options.ring.release(frame.slot);
  }

  #missAll(lost: readonly number[]): void {
    for (const number of lost) {
      this.#tally.lost();
      this.#miss(number);
    }
  }

  #miss(number: number): void {
    for (const lane of this.#lanes) {
      if (lane.schedule.isDue(number)) {
        this.#tally.miss();
      }
    }
  }

  #idle(): Promise<void> {
    if (this.#lanes.every((lane) => lane.idle)) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }
}
