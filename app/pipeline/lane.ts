import type { Events } from '../frames/events.ts';
import type { NativeEvent } from '../frames/native-event.ts';
import type { Placement } from '../frames/placement.ts';
import {
  type AnswerReader,
  type AnswerSettings,
  DEFAULT_ANSWERS,
} from '../models/answers/answer-reader.ts';
import { chooseReader } from '../models/answers/choose.ts';
import { View } from '../models/answers/view.ts';
import { Follower } from '../models/follower.ts';
import type { Model } from '../models/model.ts';
import type { Native } from '../native/native.ts';
import type { Answer } from '../stats/answer.ts';
import type { Distribution } from '../stats/distribution.ts';
import type { DropReason, ModelSnapshot } from '../stats/snapshot.ts';
import { BoundedQueue } from './bounded-queue.ts';
import type { Camera } from './camera.ts';
import { type ConvertOptions, encodeConvertOptions } from './convert-options.ts';
import type { Frame } from './frame.ts';
import { LaneTally } from './lane-tally.ts';
import { Schedule, type Turns } from './schedule.ts';
import { Worker } from './worker.ts';

export interface LaneOptions extends ConvertOptions {
  model: Model;
  /** Runs on every n-th frame. */
  every: number;
  /** Runs so many times a second instead; null or left out: by `every`. */
  fps?: number | null;
  /** From capture to answer; null: the time until the model's next turn. */
  deadlineMs: number | null;
  /** Higher goes first. */
  priority: number;
  /** The sources whose frames it gets; null or left out: every one. */
  sources?: readonly string[] | null;
  /** Processors that its thread may run on; null or left out: every one. */
  cpus?: readonly number[] | null;
  /** Real-time priority of its thread, 1 to 99; 0 or left out: an ordinary one. */
  realtime?: number;
  /** Frames of one source that may wait for the model; by default 1. */
  queue?: number;
  /** How its outputs become an answer, where not as by default. */
  answers?: Partial<AnswerSettings>;
}

/** What may be changed while frames flow. */
export interface LaneChange extends Partial<Turns> {
  priority?: number;
}

/** What a lane stands on. */
export interface LaneGround {
  native: Native;
  events: Events;
  cameras: readonly Camera[];
}

const DEFAULT_QUEUE = 1;
/** From one priority to the next lower one: a tenth of the processor time where both want it. */
const NICE_STEP = 10;
const MOST_NICE = 19;

/** A lane's turns on one camera's frames, and those that wait. */
interface Feed {
  camera: Camera;
  schedule: Schedule;
  queue: BoundedQueue<Frame>;
}

/** One model's way through the frames: its turns, its queues, its thread. */
export class Lane {
  readonly model: Model;
  readonly worker: Worker;
  readonly tally = new LaneTally();
  /** False before its thread runs, and from the moment on that it is being taken out. */
  open = false;
  /** Where its model's memory is. Its frames wait while it is elsewhere. */
  residence: ModelSnapshot['residence'] = 'resident';
  /** True while a frame waits because models of a higher priority go first. */
  yields = false;
  readonly #tag: number;
  readonly #placement: Omit<Placement, 'nice'>;
  readonly #follower: Follower;
  readonly #answers: AnswerSettings;
  readonly #fit: ConvertOptions['fit'];
  readonly #convert: Uint8Array;
  readonly #feeds: Map<string, Feed>;
  readonly #whenIdle: (() => void)[] = [];
  #turns: Turns;
  #priority: number;
  #inWork: Frame | null = null;
  #inWorkSince_ms = 0;
  #answered = false;
  #reader: AnswerReader | null = null;
  #last: Answer = { top: [] };

  constructor({ native, events, cameras }: LaneGround, options: LaneOptions, tag: number) {
    const { model, every, fps = null, deadlineMs, priority, queue = DEFAULT_QUEUE } = options;
    this.model = model;
    this.worker = new Worker(native, events, model.name);
    this.#follower = new Follower(model);
    this.#tag = tag;
    this.#placement = { cpus: options.cpus ?? null, realtime: options.realtime ?? 0 };
    this.#turns = { every, fps, deadlineMs };
    this.#priority = priority;
    this.#answers = { ...DEFAULT_ANSWERS, ...options.answers };
    this.#fit = options.fit;
    this.#convert = encodeConvertOptions(options);
    const feeds = cameras.map((camera): [string, Feed] => [
      camera.name,
      { camera, schedule: new Schedule(this.#turns, tag), queue: new BoundedQueue(queue) },
    ]);
    this.#feeds = new Map(feeds);
  }

  get priority(): number {
    return this.#priority;
  }

  get idle(): boolean {
    return this.#inWork === null;
  }

  /** A frame waits, and its model's memory is there. */
  get ready(): boolean {
    return this.residence === 'resident' && this.#firstFeed() !== null;
  }

  /** When the first of its waiting frames was captured; null: none waits. */
  get waitingSinceNs(): number | null {
    const first = this.#firstFeed()?.queue.first;
    return first === undefined ? null : first.capturedNs;
  }

  /** When the frame of its next turn is captured; infinite where nobody can say. */
  get dueNs(): number {
    const feeds = [...this.#feeds.values()];
    return Math.min(...feeds.map(({ camera, schedule }) => schedule.dueNs(camera.periodNs)));
  }

  /** The frame that the worker has now. */
  get inWork(): Frame | null {
    return this.#inWork;
  }

  /** By the process's monotonic clock; null: it has none. */
  get inWorkSince_ms(): number | null {
    return this.#inWork === null ? null : this.#inWorkSince_ms;
  }

  /** True once the model has answered (or failed) through its worker. */
  get warm(): boolean {
    return this.#answered;
  }

  /** Processors that it may keep busy. */
  get threads(): number {
    return this.model.info.threads;
  }

  /** Its thread yields to those of higher priorities, of which there are `rank` kinds. Throws one
   *  line where the system refuses. */
  place(rank: number): void {
    const nice = Math.min(MOST_NICE, rank * NICE_STEP);
    try {
      this.worker.place({ ...this.#placement, nice });
    } catch (error) {
      throw new Error(`${this.model.name}: ${(error as Error).message}`);
    }
  }

  adjust({ priority, ...turns }: LaneChange): void {
    this.#priority = priority ?? this.#priority;
    // A new `every` ends a rate: whoever gives one wants it.
    const fps = turns.every === undefined ? this.#turns.fps : null;
    this.#turns = { ...this.#turns, fps, ...turns };
    for (const feed of this.#feeds.values()) feed.schedule = new Schedule(this.#turns, this.#tag);
  }

  /** Whether the model has a turn on a camera's frame, which is asked once for each frame. */
  takes(camera: Camera, number: number, capturedNs: number): boolean {
    const feed = this.#feeds.get(camera.name);
    return this.open && feed?.schedule.takes(number, capturedNs, camera.periodNs) === true;
  }

  /** Whether the model has turns on a camera's frames at all. */
  serves(camera: Camera): boolean {
    return this.open && this.#feeds.has(camera.name);
  }

  /** Queues a frame, which the lane holds from now; returns the one that made room, still held. */
  offer(frame: Frame): Frame | undefined {
    const { camera, queue } = this.#feed(frame);
    camera.ring.retain(frame.slot);
    return queue.push(frame);
  }

  /** Takes the waiting frame out that was captured first, still held. */
  withdraw(): Frame | undefined {
    this.yields = false;
    return this.#firstFeed()?.queue.shift();
  }

  /**
   * Hands a frame that the lane holds to the worker, and the hold with it. A model whose input
   * follows the frames of its only source is given their size first, off the stream's threads;
   * `said` hears, in one line, why it keeps its former one. `lost`: the frame is still held.
   */
  submit(frame: Frame, said: (error: Error) => void, lost: (error: Error) => void): void {
    this.#inWork = frame;
    this.#inWorkSince_ms = performance.now();
    if (this.#feeds.size > 1 || this.#follower.suits(frame.size)) {
      this.#hand(frame, lost);
      return;
    }
    // Its outputs may have another shape from now on.
    this.#reader = null;
    const followed = this.#follower.follow(frame.size);
    void followed.catch(said).then(() => this.#hand(frame, lost));
  }

  #hand(frame: Frame, lost: (error: Error) => void): void {
    const { ring } = this.#feed(frame).camera;
    try {
      this.worker.submit(this.model, ring, frame.native, this.#convert, this.#tag);
    } catch (error) {
      this.#inWork = null;
      lost(error as Error);
    }
  }

  /** The worker has answered, well or not: it is free again. */
  free(): void {
    this.#inWork = null;
    this.#answered = true;
  }

  /** Resolves once no frame is in work; none comes any more where the lane is closed. */
  whenIdle(): Promise<void> {
    if (this.idle) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Tells those who wait for it that it is idle, where it is. */
  tellIdle(): void {
    if (!this.idle) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  inTime({ source, capturedNs }: Frame, finishedNs: number): boolean {
    const { camera, schedule } = this.#feed({ source });
    return finishedNs - capturedNs <= schedule.deadlineNs(camera.periodNs);
  }

  /** Why a frame goes that had to make room. */
  get dropReason(): DropReason {
    if (this.residence !== 'resident') return 'parked';
    return this.yields ? 'yielded' : 'superseded';
  }

  /** True iff the model can name all of these. */
  knows(labels: readonly string[]): boolean {
    return labels.every((label) => this.#answers.labels.includes(label));
  }

  /** Reads what the model has found; before the next `submit`. */
  read(frame: Frame, event: NativeEvent, inTime: boolean): Answer {
    this.tally.answer(event, inTime);
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
    return { model: this.model.name, ...this.tally.distribution() };
  }

  snapshot(): ModelSnapshot {
    const { model } = this;
    const { every, fps, deadlineMs: deadline_ms } = this.#turns;
    return {
      name: model.name,
      file: model.file,
      sha256: model.sha256,
      load_ms: model.loadMs,
      ...this.tally.snapshot(),
      sources: [...this.#feeds.keys()],
      schedule: { every, fps, priority: this.#priority, deadline_ms },
      residence: this.residence,
      top: this.#last.top[0] ?? null,
      delegate: model.delegate,
      pool: model.pool.snapshot(),
    };
  }

  /** The one whose waiting frame was captured first; null: none waits. */
  #firstFeed(): Feed | null {
    let first: Feed | null = null;
    let firstNs = Number.POSITIVE_INFINITY;
    for (const feed of this.#feeds.values()) {
      const waits = feed.queue.first?.capturedNs ?? Number.POSITIVE_INFINITY;
      if (waits >= firstNs) continue;
      first = feed;
      firstNs = waits;
    }
    return first;
  }

  #feed({ source }: Pick<Frame, 'source'>): Feed {
    const feed = this.#feeds.get(source);
    if (feed === undefined) throw new Error(`${this.model.name} gets no frames of ${source}`);
    return feed;
  }
}
