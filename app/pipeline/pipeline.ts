import { availableParallelism } from 'node:os';
import type { Events } from '../frames/events.ts';
import type { NativeEvent } from '../frames/native-event.ts';
import type { Runtime } from '../models/runtime.ts';
import { EventKind } from '../native/constants.ts';
import type { Answer } from '../stats/answer.ts';
import { Histogram } from '../stats/histogram.ts';
import { quantiles } from '../stats/latency.ts';
import type { SnapshotPart } from '../stats/registry.ts';
import type { DropReason, Snapshot } from '../stats/snapshot.ts';
import { Accuracy } from './accuracy.ts';
import { Camera, type CameraOptions } from './camera.ts';
import type { Frame } from './frame.ts';
import { FrameTally } from './frame-tally.ts';
import { Lane, type LaneChange, type LaneOptions } from './lane.ts';
import { Lanes } from './lanes.ts';
import type { Result } from './result.ts';
import { standstill } from './standstill.ts';
import { SteadyState } from './steady-state.ts';
import { findNamed } from './unknown-name.ts';

export interface PipelineOptions {
  runtime: Runtime;
  events: Events;
  cameras: readonly CameraOptions[];
  lanes: readonly LaneOptions[];
  /** Processors that models may keep busy side by side; by default those of the machine. */
  processors?: number;
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
  /** A frame has come or was answered: other models may have a turn now. */
  onTurn: (() => void) | null = null;
  /** No source has frames any more. */
  onEnd: (() => void) | null = null;
  readonly #options: PipelineOptions;
  readonly #cameras: readonly Camera[];
  readonly #lanes = new Lanes();
  readonly #processors: number;
  readonly #accuracy = new Accuracy();
  readonly #conversionTimes = new Histogram();
  readonly #steadyState: SteadyState;
  readonly #ended = new Set<Camera>();
  #state: 'new' | 'running' | 'stopping' | 'stopped' = 'new';

  constructor(options: PipelineOptions) {
    this.#options = options;
    const refused = (message: string) => this.onError?.(message);
    this.#cameras = options.cameras.map((camera, tag) => new Camera(camera, tag, refused));
    this.#processors = options.processors ?? availableParallelism();
    this.#steadyState = new SteadyState(options.runtime);
    for (const lane of options.lanes) this.#newLane(lane);
  }

  /** Starts the models' threads, then the sources. */
  async start(): Promise<void> {
    if (this.#state !== 'new') return;
    const { events } = this.#options;
    events.onEvent = (event) => this.#handle(event);
    this.#state = 'running';
    for (const lane of this.#lanes.all) {
      await lane.worker.start();
      lane.open = true;
    }
    this.#place();
    for (const camera of this.#cameras) await camera.start(events);
  }

  /** Ends the sources, lets frames in work be answered and drops the waiting ones as `stopping`. */
  async stop(): Promise<void> {
    if (this.#state !== 'running') return;
    this.#state = 'stopping';
    for (const camera of this.#cameras) await camera.stop();
    this.#options.events.drain();
    for (const camera of this.#cameras) await camera.endRecording();
    const lanes = this.#lanes.all;
    for (const lane of lanes) this.#dropWaiting(lane, 'stopping');
    await Promise.all(lanes.map((lane) => lane.whenIdle()));
    this.#steadyState.end();
    for (const lane of lanes) await lane.worker.stop();
    this.#state = 'stopped';
  }

  /** Gives frames to one more model, which is loaded; while frames flow too. The others miss none.
   *  Throws where its name is taken, UnknownName for a source that there is not. */
  async addLane(options: LaneOptions): Promise<void> {
    const lane = this.#newLane(options);
    if (this.#state === 'new') return;
    await this.change(async () => {
      try {
        await lane.worker.start();
        if (this.#state !== 'running') throw new Error('the stream is stopping');
        this.#place();
        lane.open = true;
      } catch (error) {
        this.#lanes.delete(lane);
        await lane.worker.stop();
        throw error;
      }
    });
  }

  /** Takes a model out of the stream: waiting frames are dropped as `removed`, the one in work is
   *  answered, its thread ends. From then on it may be unloaded. Throws UnknownName. */
  async removeLane(name: string): Promise<void> {
    const lane = this.#lanes.byName(name);
    lane.open = false;
    await this.change(async () => {
      this.#dropWaiting(lane, 'removed');
      await lane.whenIdle();
      await lane.worker.stop();
      this.#lanes.delete(lane);
      this.#submitWaiting();
    });
  }

  /** Throws UnknownName. Counters go on. */
  adjust(name: string, change: LaneChange): void {
    this.#lanes.byName(name).adjust(change);
    this.#lanes.sort();
    this.#place();
  }

  /** A model's way through the frames, to look at. Throws UnknownName. */
  lane(name: string): Pick<Lane, 'idle' | 'residence' | 'waitingSinceNs' | 'dueNs'> {
    return this.#lanes.byName(name);
  }

  /** Where a model's memory is, or is about to be: its frames wait until it is resident. Throws
   *  UnknownName. */
  setResidence(name: string, residence: Lane['residence']): void {
    this.#lanes.byName(name).residence = residence;
    if (residence === 'resident') this.#submitWaiting();
  }

  /** Stops one source and starts it again; its frames' numbers go on. Throws UnknownName. */
  async restartSource(name: string): Promise<void> {
    await this.#restart(this.#camera(name), async () => undefined);
  }

  /** Frames of another size from one source. Throws UnknownName, and where the source cannot. */
  async setSourceSize(name: string, width: number, height: number): Promise<void> {
    const camera = this.#camera(name);
    const { source } = camera;
    await this.#restart(camera, async () => {
      const before = source.probe();
      if (!source.setSize(width, height)) {
        throw new Error(`source ${name}: ${source.description} has a size of its own`);
      }
      try {
        await camera.ring.fit(source.probe().bytes);
      } catch (error) {
        source.setSize(before.width, before.height);
        throw error;
      }
    });
  }

  /** Does something that loads, adds or takes out a model: what that costs its own threads is not
   *  counted as unrest of the stream. */
  async change<T>(action: () => Promise<T>): Promise<T> {
    this.#steadyState.pause();
    try {
      return await action();
    } finally {
      this.#steadyState.resume();
    }
  }

  /** What hangs, in one line; null: nothing has for so long. */
  standstill(patience_ms: number): string | null {
    return standstill(this.#cameras, this.#lanes.all, patience_ms, performance.now());
  }

  snapshot(): Partial<Snapshot> {
    const copied = this.#cameras.map(({ copies }) => copies.snapshot());
    const tallies = this.#cameras.map(({ tally }) => tally);
    const lanes = this.#lanes.all;
    return {
      ...FrameTally.sum(tallies),
      sources: this.#cameras.map((camera) => camera.snapshot()),
      models: lanes.map((lane) => lane.snapshot()),
      steady_state: this.#steadyState.snapshot(),
      conversion_ms: quantiles(this.#conversionTimes),
      bytes_copied: copied.reduce((sum, { bytes_copied }) => sum + bytes_copied, 0),
      distributions: {
        frame_latency: FrameTally.latencies(tallies).distribution(),
        conversion: this.#conversionTimes.distribution(),
        invoke: lanes.map((lane) => lane.distribution()),
      },
      accuracy: this.#accuracy.value,
    };
  }

  /** Every thread by its priority among those that there are; what is refused is told, and the
   *  stream goes on without it. */
  #place(): void {
    const priorities = [...new Set(this.#lanes.byPriority.map(({ priority }) => priority))];
    for (const lane of this.#lanes.byPriority) {
      try {
        lane.place(priorities.indexOf(lane.priority));
      } catch (error) {
        this.onError?.((error as Error).message);
      }
    }
  }

  #newLane(options: LaneOptions): Lane {
    const { runtime, events } = this.#options;
    const { sources = null } = options;
    const cameras = sources?.map((name) => this.#camera(name)) ?? this.#cameras;
    const ground = { native: runtime.native, events, cameras };
    return this.#lanes.add((tag) => new Lane(ground, options, tag));
  }

  /** Throws UnknownName. */
  #camera(name: string): Camera {
    return findNamed('source', name, this.#cameras, (camera) => camera.name);
  }

  async #restart(camera: Camera, between: () => Promise<void>): Promise<void> {
    if (this.#state !== 'running') throw new Error('the stream does not run');
    await this.change(() => camera.restart(this.#options.events, between));
    this.#ended.delete(camera);
  }

  #handle(event: NativeEvent): void {
    if (event.kind === EventKind.result) {
      this.#handleResult(event);
      return;
    }
    const camera = this.#cameras[event.tag];
    if (camera === undefined) throw new Error(`an event of no source (${event.tag})`);
    switch (event.kind) {
      case EventKind.frame:
        this.#handleFrame(camera, event);
        return;
      case EventKind.sourceDrop:
        this.#handleLoss(camera, event);
        return;
      case EventKind.sourceError:
        camera.away = event.status !== 0;
        this.onError?.(event.message);
        return;
      case EventKind.sourceEnd:
        camera.away = true;
        this.#ended.add(camera);
        if (this.#ended.size === this.#cameras.length) this.onEnd?.();
        return;
      default:
        throw new Error(`the native library reported an event of unknown kind ${event.kind}`);
    }
  }

  /** The frame is held once for this method, which ends that hold. */
  #handleFrame(camera: Camera, event: NativeEvent): void {
    const { slot, capturedNs } = event;
    const { number, lost } = camera.capture(event);
    this.#missAll(camera, lost, capturedNs);
    if (this.#lanes.warm) this.#steadyState.cover();
    const due = this.#lanes.byPriority.filter((lane) => lane.takes(camera, number, capturedNs));
    const models = () => this.#lanes.all.filter((lane) => lane.serves(camera)).length;
    camera.show(event, { number, due: due.length, models });
    const frame = camera.frame(event, due.length);
    for (const lane of due) {
      const replaced = lane.offer(frame);
      if (replaced === undefined) continue;
      this.#drop(lane, replaced, this.#state === 'stopping' ? 'stopping' : lane.dropReason);
    }
    if (due.length === 0) camera.tally.settle(frame);
    camera.ring.release(slot);
    this.#submitWaiting();
    this.onTurn?.();
  }

  #handleResult(event: NativeEvent): void {
    const lane = this.#lanes.byTag(event.tag);
    const frame = lane?.inWork;
    if (!lane || !frame) {
      throw new Error(`the native library answered for a frame that no model has (${event.tag})`);
    }
    lane.free();
    if (event.status === 0) {
      this.#answer(lane, frame, event);
    } else {
      this.#lose(lane, frame, 'error');
      this.onError?.(`${lane.model.name}: ${event.message}`);
    }
    this.#submitWaiting();
    lane.tellIdle();
    this.onTurn?.();
  }

  #answer(lane: Lane, frame: Frame, event: NativeEvent): void {
    const { capturedNs, source, number } = frame;
    const { startedNs, convertedNs, finishedNs } = event;
    const inTime = lane.inTime(frame, finishedNs);
    const camera = this.#camera(source);
    this.#conversionTimes.record(convertedNs - startedNs);
    camera.tally.answer(frame, finishedNs, inTime);
    const answer = lane.read(frame, event, inTime);
    this.#judge(lane, camera, frame, answer);
    this.onResult?.({
      model: lane.model.name,
      source,
      number,
      captured_ns: capturedNs,
      latency_ms: (finishedNs - capturedNs) / 1e6,
      invoke_ms: (finishedNs - convertedNs) / 1e6,
      in_time: inTime,
      ...answer,
    });
  }

  #judge(lane: Lane, { source }: Camera, frame: Frame, { detections }: Answer): void {
    if (detections === undefined) return;
    const truth = source.truth(frame.sourceNumber);
    if (truth === null || !lane.knows(truth.map(({ label }) => label))) return;
    this.#accuracy.judge(detections, truth);
  }

  #handleLoss(camera: Camera, event: NativeEvent): void {
    const number = camera.number(event);
    const atNs = event.capturedNs;
    this.#missAll(camera, camera.tally.noSlot(number), atNs);
    this.#miss(camera, number, atNs);
  }

  /** Hands waiting frames over, those of the highest priority first. */
  #submitWaiting(): void {
    if (this.#state === 'stopping') return;
    for (const lane of this.#lanes.byPriority) {
      if (!lane.idle || !lane.ready) continue;
      lane.yields = !this.#lanes.lets(lane, this.#processors);
      if (!lane.yields) this.#submitNext(lane);
    }
  }

  #submitNext(lane: Lane): void {
    const frame = lane.withdraw();
    if (frame === undefined) return;
    const say = ({ message }: Error) => this.onError?.(`${lane.model.name}: ${message}`);
    lane.submit(frame, say, (error) => {
      this.#drop(lane, frame, 'error');
      say(error);
      lane.tellIdle();
    });
  }

  #dropWaiting(lane: Lane, reason: DropReason): void {
    for (let frame = lane.withdraw(); frame !== undefined; frame = lane.withdraw()) {
      this.#drop(lane, frame, reason);
    }
  }

  /** Ends a lane's hold on a frame that it will not answer. */
  #drop(lane: Lane, frame: Frame, reason: DropReason): void {
    this.#lose(lane, frame, reason);
    this.#camera(frame.source).ring.release(frame.slot);
  }

  #lose(lane: Lane, frame: Frame, reason: DropReason): void {
    this.#camera(frame.source).tally.drop(frame, reason);
    lane.tally.drop(reason);
  }

  #missAll(camera: Camera, lost: readonly number[], atNs: number): void {
    for (const number of lost) {
      camera.tally.lost();
      this.#miss(camera, number, atNs);
    }
  }

  #miss(camera: Camera, number: number, atNs: number): void {
    for (const lane of this.#lanes.byPriority) {
      if (!lane.takes(camera, number, atNs)) continue;
      camera.tally.miss();
      lane.tally.miss();
    }
  }
}
