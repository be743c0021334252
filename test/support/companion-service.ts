import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { killed } from './processes.ts';
import { ROOT } from './root.ts';
import { until } from './until.ts';

export const COMPANION = join(ROOT, 'build/native/edgepool-hugepages');

/** The real companion, started by its socket as systemd starts it. Ends with the tests. */
export class CompanionService {
  readonly socket: string;
  readonly #folder: string;
  readonly #user: string;
  #process: ChildProcess | null = null;

  /** `folder` is a service's of its own, where it notes something; `user` is whom it serves. */
  constructor(folder: string, user = userInfo().username) {
    this.#folder = folder;
    this.#user = user;
    this.socket = join(folder, `${user}.sock`);
  }

  async start(): Promise<void> {
    rmSync(this.socket, { force: true });
    const environment = ['-E', `RUNTIME_DIRECTORY=${this.#folder}`];
    const words = [...environment, '-l', this.socket, COMPANION, this.#user];
    this.#process = spawn('systemd-socket-activate', words, { stdio: 'ignore' });
    after(() => this.kill());
    await until('its socket is there', () => existsSync(this.socket));
  }

  /** In the middle of whatever it does. */
  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = null;
    if (process !== null) await killed(process);
  }
}
