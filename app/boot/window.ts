import type { Config } from '../config/config.ts';
import { Dashboard } from '../dashboard/dashboard.ts';
import type { Preview } from '../frames/preview.ts';
import type { Region } from '../memory/region.ts';
import type { Runtime } from '../models/runtime.ts';
import type { Result } from '../pipeline/result.ts';
import type { Snapshot } from '../stats/snapshot.ts';
import type { Log } from '../telemetry/log.ts';
import { METRICS_CONTENT_TYPE, render } from '../telemetry/metrics/render.ts';
import type { Commands } from './commands.ts';
import { MemoryLook } from './memory-look.ts';
import type { ModelSet } from './model-set.ts';
import type { Part } from './part.ts';
import type { PooledCamera } from './pooled-camera.ts';

export interface WindowOptions {
  config: Config;
  version: string;
  region: Region;
  runtime: Runtime;
  models: ModelSet;
  frames: readonly PooledCamera[];
  commands: Commands;
  read: () => Snapshot;
  display: Log;
}

/** The page to look through at what runs. */
export class Window implements Part {
  readonly #dashboard: Dashboard;
  readonly #frames: readonly PooledCamera[];

  constructor({ config, version, commands, read, display, ...parts }: WindowOptions) {
    const identity = { device: config.device, version };
    this.#frames = parts.frames;
    const look = new MemoryLook(parts);
    this.#dashboard = new Dashboard({
      config: config.dashboard,
      identity,
      read,
      memory: () => look.read(),
      metrics: { type: METRICS_CONTENT_TYPE, render: () => render(read(), identity) },
      execute: (command, args) => commands.execute(command, args),
      upload: (upload, body) => commands.upload(upload, body),
      picture: (source) => this.#preview(source)?.look(),
      notice: (message) => display.info(message),
    });
  }

  /** What a model has just said, for who looks. */
  result(result: Result): void {
    const pictured = this.#preview(result.source)?.shows(result.number) ?? false;
    this.#dashboard.result(result, pictured);
  }

  #preview(source: string): Preview | undefined {
    return this.#frames.find(({ camera }) => camera.name === source)?.preview;
  }

  start(): Promise<void> {
    return this.#dashboard.start();
  }

  stop(): Promise<void> {
    return this.#dashboard.stop();
  }
}
