import { dirname, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { analyseBeside } from '../control/analyse-beside.ts';
import type { Answer } from '../control/answer.ts';
import { Control } from '../control/control.ts';
import { ModelFolder } from '../control/model-folder.ts';
import { socketPath } from '../control/socket-path.ts';
import { SocketServer } from '../control/socket-server.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Snapshot } from '../stats/snapshot.ts';
import type { Log } from '../telemetry/log.ts';
import type { ModelSet } from './model-set.ts';
import type { Part } from './part.ts';
import type { Plan } from './plan.ts';

export interface CommandsOptions {
  config: Config;
  version: string;
  plan: Plan;
  models: ModelSet;
  pipeline: Pipeline;
  read: () => Snapshot;
  display: Log;
}

/** The commands and the ways by which they come. */
export class Commands implements Part {
  readonly #control: Control;
  readonly #socket: SocketServer;

  constructor({ config, plan, display, ...ground }: CommandsOptions) {
    const first = plan.models[0]?.config.file;
    const beside = first === undefined ? '.' : dirname(first);
    const { library } = config.runtime;
    this.#control = new Control({
      ...ground,
      device: config.device,
      folder: new ModelFolder(resolve(config.control.models_folder ?? beside)),
      analyse: (file, threads, signal) => analyseBeside({ library }, file, { threads, signal }),
    });
    this.#socket = new SocketServer(this.#control, {
      path: socketPath(config.control.socket, process.env),
      named: config.control.socket !== null,
      notice: (message) => display.info(message),
    });
  }

  /** A command that came by another way than the socket. */
  execute(name: string, args: unknown): Promise<Answer> {
    return this.#control.execute(name, args);
  }

  async start(): Promise<void> {
    await this.#control.start();
    await this.#socket.start();
  }

  async stop(): Promise<void> {
    await this.#socket.stop();
    await this.#control.stop();
  }
}
