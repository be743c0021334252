import { Events } from '../../app/frames/events.ts';
import { framesPoolBytes, Ring } from '../../app/frames/ring.ts';
import type { Source } from '../../app/frames/source.ts';
import { Pool } from '../../app/memory/pool.ts';
import { roundUp } from '../../app/models/sizing.ts';
import type { LaneOptions } from '../../app/pipeline/lane.ts';
import { Pipeline, type Result, slotsFor } from '../../app/pipeline/pipeline.ts';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import type { House } from './house.ts';

export interface StreamOptions {
  source: Source;
  fps: number;
  lanes: readonly LaneOptions[];
  slots?: number;
}

/** A pipeline with everything that it stands on, and all that it has said. */
export class Stream {
  readonly results: Result[] = [];
  readonly errors: string[] = [];
  readonly ring: Ring;
  readonly pipeline: Pipeline;
  readonly #events: Events;
  readonly #pool: Pool;
  #ended = false;
  #changed: () => void = () => undefined;

  constructor(house: House, options: StreamOptions) {
    const { source, fps, lanes } = options;
    const ring = {
      slots: options.slots ?? slotsFor(lanes.length),
      slotBytes: source.probe().bytes,
    };
    const quotaBytes = roundUp(framesPoolBytes(ring), 16384);
    this.#pool = new Pool(house.region, { name: 'frames', quotaBytes });
    this.ring = new Ring(this.#pool, ring);
    this.#events = new Events(house.region.native);
    const { runtime } = house;
    const cameras = [{ name: 'camera', source, ring: this.ring, fps }];
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
    return snapshot;
  }
}
