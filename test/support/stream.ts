import { Events } from '../../app/frames/events.ts';
import type { Preview } from '../../app/frames/preview.ts';
import { framesPool, Ring } from '../../app/frames/ring.ts';
import type { Source } from '../../app/frames/source.ts';
import { Pool } from '../../app/memory/pool.ts';
import type { CameraOptions } from '../../app/pipeline/camera.ts';
import type { LaneOptions } from '../../app/pipeline/lane.ts';
import { Pipeline, slotsFor } from '../../app/pipeline/pipeline.ts';
import type { Result } from '../../app/pipeline/result.ts';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import type { House } from './house.ts';

export interface StreamOptions {
  source: Source;
  fps: number;
  /** A second one, beside `source`, which has the name `camera`. */
  other?: { name: string; source: Source; fps: number };
  lanes: readonly LaneOptions[];
  slots?: number;
  /** Of the thread that captures for `camera`. */
  cpus?: readonly number[];
  /** Of the frames of `camera`. */
  preview?: Preview;
}

/** A pipeline with everything that it stands on, and all that it has said. */
export class Stream {
  readonly results: Result[] = [];
  readonly errors: string[] = [];
  readonly ring: Ring;
  readonly pipeline: Pipeline;
  readonly #events: Events;
  readonly #pool: Pool;
  readonly #others: { pool: Pool; ring: Ring }[] = [];
  #ended = false;
  #changed: () => void = () => undefined;

  constructor(house: House, options: StreamOptions) {
    const { source, fps, lanes } = options;
    const slots = options.slots ?? slotsFor(lanes.length);
    const memoryFor = (from: Source) => {
      const ring = { slots, slotBytes: from.probe().bytes };
      const pool = new Pool(house.region, framesPool('frames', ring));
      return { pool, ring: new Ring(pool, ring) };
    };
    const { pool, ring } = memoryFor(source);
    this.#pool = pool;
    this.ring = ring;
    this.#events = new Events(house.region.native);
    const { runtime } = house;
    const cameras: CameraOptions[] = [
      {
        ...{ name: 'camera', source, ring, fps },
        cpus: options.cpus ?? null,
        preview: options.preview ?? null,
      },
    ];
    if (options.other !== undefined) {
      const memory = memoryFor(options.other.source);
      this.#others.push(memory);
      cameras.push({ ...options.other, ring: memory.ring });
    }
    this.pipeline = new Pipeline({ runtime, events: this.#events, cameras, lanes });
    this.pipeline.onResult = (result) => {
      this.results.push(result);
      this.#changed();
    };
    this.pipeline.onError = (message) => {
      this.errors.push(message);
      this.#changed();
    };
    this.pipeline.onEnd = () => {
      this.#ended = true;
      this.#changed();
    };
  }

  get ended(): boolean {
    return this.#ended;
  }

  async start(): Promise<void> {
    await this.#pool.start();
    try {
      await this.ring.start();
      for (const other of this.#others) {
        await other.pool.start();
        await other.ring.start();
      }
      await this.#events.start();
      await this.pipeline.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Resolves as soon as something was said that makes `condition` true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  /** Stops everything and gives what the pipeline has counted. */
  async stop(): Promise<Partial<Snapshot>> {
    await this.pipeline.stop();
    const snapshot = this.pipeline.snapshot();
    await this.ring.stop();
    await this.#events.stop();
    await this.#pool.stop();
    for (const other of this.#others) {
      await other.ring.stop();
      await other.pool.stop();
    }
    return snapshot;
  }
}
