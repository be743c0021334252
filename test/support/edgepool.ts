import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after } from 'node:test';
import { killed } from './processes.ts';
import { ROOT } from './root.ts';
import { until } from './until.ts';

export interface Ended {
  status: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

export interface StartOptions {
  /** Before the program's own name: `prlimit`, `setpriv`, ... */
  prefix?: readonly string[];
  environment?: NodeJS.ProcessEnv;
  folder?: string;
  /** In a process group of its own, whose number is the child's. */
  detached?: boolean;
}

/** A test that fails leaves its program running, which the file's end would wait for. */
const running = new Set<ChildProcess>();
after(() => Promise.all([...running].map(killed)));

/** The real program as a child, through its launcher. */
export class Edgepool {
  readonly child: ChildProcess;
  out = '';
  err = '';

  constructor(args: readonly string[], options: StartOptions = {}) {
    const [command = '', ...rest] = [...(options.prefix ?? []), `${ROOT}scripts/edgepool`, ...args];
    this.child = spawn(command, rest, {
      cwd: options.folder ?? ROOT,
      env: { ...process.env, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: options.detached ?? false,
    });
    running.add(this.child);
    this.child.once('exit', () => running.delete(this.child));
    this.child.stdout?.on('data', (text) => {
      this.out += text;
    });
    this.child.stderr?.on('data', (text) => {
      this.err += text;
    });
  }

  async end(): Promise<Ended> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await once(this.child, 'close');
    }
    const { exitCode: status, signalCode: signal } = this.child;
    return { status, signal, out: this.out, err: this.err };
  }

  /** Its JSON lines so far. */
  lines(): { msg: string; level: string; [key: string]: unknown }[] {
    return this.out
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  }

  async says(message: string, patience_ms = 30_000): Promise<void> {
    await until(
      `"${message}"`,
      () => {
        if (this.child.exitCode !== null) throw new Error(`it ended first: ${this.err}`);
        return this.lines().some(({ msg }) => msg === message);
      },
      patience_ms,
    );
  }
}

/** Runs the program to its end. */
export async function edgepool(args: readonly string[], options?: StartOptions): Promise<Ended> {
  return new Edgepool(args, options).end();
}
