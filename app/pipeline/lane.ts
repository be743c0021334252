import type { Events } from '../frames/events.ts';
import type { NativeEvent } from '../frames/native-event.ts';
import type { Ring } from '../frames/ring.ts';
import {
  type AnswerReader,
  type AnswerSettings,
  DEFAULT_ANSWERS,
} from '../models/answers/answer-reader.ts';
import { chooseReader } from '../models/answers/choose.ts';
import { View } from '../models/answers/view.ts';
import type { Model } from '../models/model.ts';
import type { Native } from '../native/native.ts';
import type { Answer } from '../stats/answer.ts';
import type { Distribution } from '../stats/distribution.ts';
import { Histogram } from '../stats/histogram.ts';
import { quantiles } from '../stats/latency.ts';
import type { ModelSnapshot } from '../stats/snapshot.ts';
import { BoundedQueue } from './bounded-queue.ts';
import { type ConvertOptions, encodeConvertOptions } from './convert-options.ts';
import type { Frame } from './frame.ts';
import { Schedule } from './schedule.ts';
import { Worker } from './worker.ts';

export interface LaneOptions extends ConvertOptions {
  model: Model;
  /** Runs on every n-th frame. */
  every: number;
  /** From capture to answer; null: the time until the model's next turn. */
  deadlineMs: number | null;
  /** Higher goes first. */
  priority: number;
  /** Frames that may wait for the model; by default 1. */
  queue?: number;
  /** How its outputs become an answer, where not as by default. */
  answers?: Partial<AnswerSettings>;
}

const DEFAULT_QUEUE = 1;

/** One model's way through the frames: its turns, its queue, its thread. */
export class Lane {
  readonly model: Model;
  readonly priority: number;
  readonly schedule: Schedule;
  readonly worker: Worker;
  readonly #ring: Ring;
  readonly #tag: number;
  readonly #answers: AnswerSettings;
  readonly #fit: ConvertOptions['fit'];
  readonly #convert: Uint8Array;
  readonly #queue: BoundedQueue<Frame>;
  readonly #invokeTimes = new Histogram();
  #inWork: Frame | null = null;
  #answered = false;
  #reader: AnswerReader | null = null;
  #last: Answer = { top: [] };

  constructor(
    native: Native,
    events: Events,
    ring: Ring,
    options: LaneOptions,
    index: number,
    fps: number,
  ) {
    this.model = options.model;
    this.priority = options.priority;
    this.schedule = new Schedule(options.every, index, fps, options.deadlineMs);
    this.worker = new Worker(native, events, options.model.name);
    this.#ring = ring;
    this.#tag = index;
    this.#answers = { ...DEFAULT_ANSWERS, ...options.answers };
    this.#fit = options.fit;
    this.#convert = encodeConvertOptions(options);
    this.#queue = new BoundedQueue(options.queue ?? DEFAULT_QUEUE);
  }

  get idle(): boolean {
    return this.#inWork === null;
  }

  /** The frame that the worker has now. */
  get inWork(): Frame | null {
    return this.#inWork;
  }

  /** True once the model has answered (or failed) through its worker. */
  get warm(): boolean {
    return this.#answered;
  }

  /** Queues a frame, which the lane holds from now; returns the one that made room, still held. */
  offer(frame: Frame): Frame | undefined {
    this.#ring.retain(frame.slot);
    return this.#queue.push(frame);
  }

  /** Takes a waiting frame out, still held. */
  withdraw(): Frame | undefined {
    return this.#queue.shift();
  }

  /** Hands a frame that the lane holds to the worker, and the hold with it. */
  submit(frame: Frame): void {
    this.worker.submit(this.model, this.#ring, frame.native, this.#convert, this.#tag);
    this.#inWork = frame;
  }

  /** The worker has answered, well or not: it is free again. */
  free(): void {
    this.#inWork = null;
    this.#answered = true;
  }

  /** True iff the model can name all of these. */
  knows(labels: readonly string[]): boolean {
    return labels.every((label) => this.#answers.labels.includes(label));
  }

  /** Reads what the model has found; before the next `submit`. */
  read(frame: Frame, event: NativeEvent): Answer {
    this.#invokeTimes.record(event.finishedNs - event.convertedNs);
    const { model } = this;
    const shape = model.inputs[0]?.shape ?? [];
    this.#reader ??= chooseReader(model.name, shape, model.outputs, this.#answers);
    const [, height = 1, width = 1] = shape;
    const view = new View(this.#fit, frame.size, { width, height });
    this.#last = this.#reader.read((index) => model.readOutput(index), view);
    return this.#last;
  }

  /** Of its invokes. */
  distribution(): Distribution & { model: string } {
    return { model: this.model.name, ...this.#invokeTimes.distribution() };
  }

  snapshot(): ModelSnapshot {
    const { model } = this;
    return {
      name: model.name,
      sha256: model.sha256,
      load_ms: model.loadMs,
      invoke_ms: quantiles(this.#invokeTimes),
      invokes: this.#invokeTimes.count,
      top: this.#last.top[0] ?? null,
      delegate: model.delegate,
      pool: model.pool.snapshot(),
    };
  }
}
