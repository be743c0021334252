import { type ChildProcess, spawn } from 'node:child_process';
import { after } from 'node:test';
import { Redis } from 'iovalkey';
import { answers, freePort } from './brokers.ts';
import type { Pair } from './certificates.ts';
import { killed } from './processes.ts';
import { until } from './until.ts';

/** A real server, of Debian's redis-server, that keeps nothing on disk. Ends with the tests. */
export class Valkey {
  readonly port: number;
  readonly #words: readonly string[];
  readonly #tls: boolean;
  #process: ChildProcess | null = null;

  /** `tls`: it speaks nothing else. */
  static async start(words: readonly string[] = [], tls: Pair | null = null): Promise<Valkey> {
    const port = await freePort();
    const files =
      tls === null
        ? ['--port', `${port}`]
        : ['--port', '0', '--tls-port', `${port}`, '--tls-auth-clients', 'no']
            .concat(['--tls-cert-file', tls.certificate, '--tls-key-file', tls.key])
            .concat(['--tls-ca-cert-file', tls.certificate]);
    const server = new Valkey(port, [...files, ...words], tls !== null);
    await server.start();
    after(() => server.kill());
    return server;
  }

  private constructor(port: number, words: readonly string[], tls: boolean) {
    this.port = port;
    this.#words = words;
    this.#tls = tls;
  }

  async start(): Promise<void> {
    const nothing = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    this.#process = spawn('redis-server', [...nothing, ...this.#words], { stdio: 'ignore' });
    await until('the server answers', () => answers(this.port));
  }

  /** For whoever may do everything and has no name. */
  get access(): { url: string; username: null; password: null; ca: null } {
    const url = `redis://127.0.0.1:${this.port}`;
    return { url, username: null, password: null, ca: null };
  }

  /** Without a goodbye to anybody. */
  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = null;
    if (process !== null) await killed(process);
  }

  /** It takes what is sent and says nothing, as if the network were cut. */
  cut(): void {
    this.#process?.kill('SIGSTOP');
  }

  mend(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Does something with what is there, as somebody who may. */
  async with<T>(action: (client: Redis) => Promise<T>): Promise<T> {
    const tls = this.#tls ? { tls: { rejectUnauthorized: false } } : {};
    const client = new Redis({ port: this.port, host: '127.0.0.1', ...tls });
    try {
      return await action(client);
    } finally {
      client.disconnect();
    }
  }
}
