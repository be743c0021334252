import { Preview } from '../frames/preview.ts';
import { Recorder } from '../frames/recorder.ts';
import { Ring } from '../frames/ring.ts';
import { Pool } from '../memory/pool.ts';
import type { Region } from '../memory/region.ts';
import type { CameraOptions } from '../pipeline/camera.ts';
import type { Part } from './part.ts';
import type { PlannedCamera } from './plan.ts';

/** A source with the pool and the ring for its frames. The pipeline starts the source itself. */
export class PooledCamera implements Part {
  readonly pool: Pool;
  readonly camera: CameraOptions;
  readonly preview: Preview;

  constructor(region: Region, { pool, ring, record, ...camera }: PlannedCamera) {
    this.pool = new Pool(region, pool);
    const recorder = record === null ? null : new Recorder(region.native, record);
    this.preview = new Preview(region.native);
    const { preview } = this;
    this.camera = { ...camera, ring: new Ring(this.pool, ring), recorder, preview };
  }

  async start(): Promise<void> {
    await this.pool.start();
    await this.camera.ring.start();
  }

  async stop(): Promise<void> {
    await this.camera.ring.stop();
    await this.pool.stop();
  }
}
