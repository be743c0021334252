import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answers, freePort } from '../../app/bench/loopback.ts';
import { EmbeddedBroker } from '../../app/telemetry/mqtt/embedded-broker.ts';
import { killed } from './processes.ts';
import { silent } from './silent.ts';
import { until } from './until.ts';

export { answers, freePort };

/** A broker that a test can take away and bring back, at one address. */
export interface TestBroker {
  url: string;
  start(): Promise<void>;
  /** Without a goodbye to anybody. */
  kill(): Promise<void>;
}

/** Started by root it would become another user, who may not read a test's files. */
const AS_OURSELVES = process.getuid?.() === 0 ? 'user root\n' : '';

/** A real mosquitto. Its process is there to be stopped and continued. */
export class Mosquitto implements TestBroker {
  readonly #port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'edgepool-mosquitto-'));
  process: ChildProcess | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`;
  }

  async start(access = 'allow_anonymous true\n'): Promise<void> {
    const file = join(this.#folder, 'mosquitto.conf');
    writeFileSync(file, `listener ${this.#port} 127.0.0.1\n${AS_OURSELVES}${access}`);
    // Debian puts it where only root's PATH leads.
    const PATH = `${process.env.PATH ?? ''}:/usr/sbin`;
    this.process = spawn('mosquitto', ['-c', file], {
      stdio: 'ignore',
      env: { ...process.env, PATH },
    });
    await until('mosquitto listens', () => answers(this.#port));
  }

  async kill(): Promise<void> {
    const child = this.process;
    this.process = null;
    if (child !== null) await killed(child);
  }

  /** Its settings for letting in one user alone. */
  passwords(user: string, password: string): string {
    const file = join(this.#folder, 'passwords');
    execFileSync('mosquitto_passwd', ['-b', '-c', file, user, password], { timeout: 10_000 });
    return `allow_anonymous false\npassword_file ${file}\n`;
  }

  /** Its settings for keeping sessions, and all that waits in them, over its own death. */
  keeping(): string {
    const limits = 'max_queued_messages 0\nmax_inflight_messages 0\nqueue_qos0_messages true\n';
    const saved = 'autosave_interval 1\nautosave_on_changes true\n';
    const persistence = `persistence true\npersistence_location ${this.#folder}/\n`;
    return `allow_anonymous true\n${persistence}${saved}${limits}`;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The broker inside the program. */
export class Embedded implements TestBroker {
  readonly #broker: EmbeddedBroker;
  readonly url: string;

  constructor(port: number) {
    this.#broker = new EmbeddedBroker(silent, port);
    this.url = `mqtt://127.0.0.1:${port}`;
  }

  async start(): Promise<void> {
    await this.#broker.start();
  }

  async kill(): Promise<void> {
    await this.#broker.stop();
  }
}
