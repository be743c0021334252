import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { answers, freePort } from './loopback.ts';

const PROGRAMS = ['valkey-server', 'redis-server'];
const ON = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
const PATIENCE_MS = 5000;
const PAUSE_MS = 20;

function installed(): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const files = PROGRAMS.flatMap((name) => folders.map((folder) => join(folder, name)));
  return files.find((file) => existsSync(file)) ?? null;
}

/** A server of this machine that keeps nothing on disk, for as long as a bench needs it. */
export class ValkeyServer {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.url = `redis://127.0.0.1:${port}`;
  }

  /** Null where none is installed. */
  static async start(): Promise<ValkeyServer | null> {
    const program = installed();
    if (program === null) return null;
    const port = await freePort();
    const child = spawn(program, [...ON, '--port', String(port)], { stdio: 'ignore' });
    const server = new ValkeyServer(child, port);
    const deadline = performance.now() + PATIENCE_MS;
    while (!(await answers(port))) {
      if (performance.now() > deadline || child.exitCode !== null) {
        await server.stop();
        throw new Error(`${program}: does not answer on port ${port}`);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return server;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }
}
