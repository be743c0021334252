import { dirname, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { Config } from '../config/config.ts';
import { analyseBeside } from '../control/analyse-beside.ts';
import type { Answer } from '../control/answer.ts';
import type { Caller } from '../control/caller.ts';
import { Control } from '../control/control.ts';
import { ModelFolder } from '../control/model-folder.ts';
import { ModelUpload, type Upload } from '../control/model-upload.ts';
import { socketPath } from '../control/socket-path.ts';
import { SocketServer } from '../control/socket-server.ts';
import { trial } from '../models/trial.ts';
import { BESIDE_FRAMES } from '../native/child.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Snapshot } from '../stats/snapshot.ts';
import type { Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { ModelSet } from './model-set.ts';
import type { Part } from './part.ts';
import { TakenPictures } from './pictures.ts';
import type { Plan } from './plan.ts';
import type { PooledCamera } from './pooled-camera.ts';

export interface CommandsOptions {
  config: Config;
  version: string;
  plan: Plan;
  models: ModelSet;
  pipeline: Pipeline;
  frames: readonly PooledCamera[];
  telemetry: Telemetry;
  read: () => Snapshot;
  display: Log;
}

const MIB = 2 ** 20;

/** The commands and the ways by which they come. */
export class Commands implements Part {
  /** Comes before frames flow; the commands themselves come after. */
  readonly preparation: Part;
  readonly #control: Control;
  readonly #folder: ModelFolder;
  readonly #upload: ModelUpload;
  readonly #socket: SocketServer;

  constructor({ config, plan, display, frames, telemetry, ...ground }: CommandsOptions) {
    const first = plan.models[0]?.config.file;
    const beside = first === undefined ? '.' : dirname(first);
    const { library } = config.runtime;
    const folder = new ModelFolder(resolve(config.control.models_folder ?? beside));
    this.#folder = folder;
    this.#control = new Control({
      ...ground,
      device: config.device,
      folder,
      pictures: new TakenPictures({ config, frames, telemetry }),
      analyse: (file, threads, signal) => analyseBeside({ library }, file, { threads, signal }),
    });
    this.#upload = new ModelUpload({
      folder,
      maxBytes: config.dashboard.upload_max_mb * MIB,
      models: ground.models,
      verify: (file, signal) =>
        trial({ file, runtimeLibrary: library, signal, niceness: BESIDE_FRAMES }),
    });
    const control = this.#control;
    this.preparation = {
      start: async () => control.prepare(),
      stop: async () => undefined,
    };
    this.#socket = new SocketServer(this.#control, {
      path: socketPath(config.control.socket, process.env),
      named: config.control.socket !== null,
      notice: (message) => display.info(message),
    });
  }

  /** A command that came by another way than the socket. */
  execute(name: string, args: unknown, caller: Caller = 'here'): Promise<Answer> {
    return this.#control.execute(name, args, caller);
  }

  /** Files that models can be switched to. */
  modelFiles(): Promise<string[]> {
    return this.#folder.models();
  }

  /** A model for the models folder, from who may change things. */
  upload(upload: Upload, body: Readable): Promise<Answer> {
    return this.#upload.receive(upload, body);
  }

  async start(): Promise<void> {
    await this.#upload.start();
    await this.#control.start();
    await this.#socket.start();
  }

  async stop(): Promise<void> {
    await this.#socket.stop();
    await this.#upload.stop();
    await this.#control.stop();
  }
}
