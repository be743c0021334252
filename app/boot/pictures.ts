import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { stateFolder } from '../config/state-folder.ts';
import type { Caller } from '../control/caller.ts';
import type { Pictures } from '../control/ground.ts';
import { PictureFolder } from '../control/picture-folder.ts';
import type { Picture } from '../frames/preview.ts';
import { findNamed } from '../pipeline/unknown-name.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { PooledCamera } from './pooled-camera.ts';

export interface TakenPicturesOptions {
  config: Pick<Config, 'mqtt' | 'snapshots'>;
  frames: readonly PooledCamera[];
  telemetry: Pick<Telemetry, 'event'>;
}

/** What an answer has besides its picture. */
const REST_BYTES = 1024;

/** Pictures of the cameras, for commands. */
export class TakenPictures implements Pictures {
  readonly #options: TakenPicturesOptions;
  readonly #folder: PictureFolder;

  constructor(options: TakenPicturesOptions) {
    this.#options = options;
    const { folder, most } = options.config.snapshots;
    this.#folder = new PictureFolder(folder ?? join(stateFolder(process.env), 'snapshots'), most);
  }

  get hidden(): string | null {
    if (this.#options.config.mqtt.pictures) return null;
    return 'no picture leaves this machine by MQTT: mqtt.pictures is false';
  }

  /** In an answer it is written in base64. */
  get mostBytes(): number {
    return Math.max(0, Math.floor(((this.#options.config.mqtt.queue_bytes - REST_BYTES) * 3) / 4));
  }

  async take(source: string, width: number): Promise<Picture> {
    const { frames } = this.#options;
    const { preview } = findNamed('source', source, frames, ({ camera }) => camera.name);
    try {
      return await preview.take(width);
    } catch (error) {
      throw new Error(`source ${source}: ${(error as Error).message}`);
    }
  }

  keep(source: string, picture: Pick<Picture, 'jpeg' | 'number'>): Promise<string> {
    return this.#folder.keep(source, picture);
  }

  tell(source: string, frame: number, caller: Caller): void {
    this.#options.telemetry.event('snapshot', { source, frame, sent: caller === 'mqtt' });
  }
}
