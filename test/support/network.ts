import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { until } from './until.ts';

export interface LinkOptions {
  /** Of each machine's link, each way, as tc understands it: `1gbit`. */
  rate: string;
}

/** Debian puts ip and tc where only root's PATH leads. */
const ENVIRONMENT = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
/** An ordinary user may be root inside, where the system lets users make namespaces. */
const AS_ROOT = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
const INTO_USER = process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials'];
const PORT = 6379;

/** A network namespace, which is there as long as its process, and that as long as ours. */
class Namespace {
  readonly #holder: ChildProcess;

  static async make(words: readonly string[]): Promise<Namespace> {
    const [command = '', ...rest] = [...words, 'sh', '-c', 'echo here && exec cat'];
    const holder = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
    let errors = '';
    holder.stderr.on('data', (text) => {
      errors += text;
    });
    const ended = once(holder, 'close').then(() => {
      throw new Error(`${words.join(' ')}: ${errors.trim() || 'ended'}`);
    });
    ended.catch(() => undefined);
    await Promise.race([once(holder.stdout, 'data'), ended]);
    return new Namespace(holder);
  }

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  get pid(): number {
    return this.#holder.pid ?? 0;
  }

  /** Before a command's own words, which runs inside then. */
  get prefix(): string[] {
    return ['nsenter', '--target', `${this.pid}`, ...INTO_USER, '--net', '--'];
  }

  run(...words: string[]): string {
    const [command = '', ...rest] = [...this.prefix, ...words];
    const options = { encoding: 'utf8', env: ENVIRONMENT, timeout: 10_000, stdio: 'pipe' } as const;
    return execFileSync(command, rest, options);
  }

  stop(): void {
    this.#holder.kill('SIGKILL');
  }
}

/** Machines on one switch, each in a network namespace of its own with a link of its own. */
export class Network {
  readonly #switch: Namespace;
  readonly #machines: readonly Namespace[];
  readonly #children: ChildProcess[] = [];
  readonly #servers = new Map<number, ChildProcess>();

  /** Throws where namespaces cannot be made here. */
  static async start(count: number, { rate }: LinkOptions): Promise<Network> {
    const center = await Namespace.make(['unshare', ...AS_ROOT, '--net']);
    const machines: Namespace[] = [];
    try {
      center.run('ip', 'link', 'add', 'center', 'type', 'bridge');
      center.run('ip', 'link', 'set', 'center', 'up');
      for (let number = 0; number < count; number += 1) {
        machines.push(await Namespace.make([...center.prefix, 'unshare', '--net']));
      }
      const network = new Network(center, machines);
      for (const number of machines.keys()) network.#plug(number);
      network.shape(rate);
      return network;
    } catch (error) {
      for (const each of [...machines, center]) each.stop();
      throw error;
    }
  }

  private constructor(center: Namespace, machines: readonly Namespace[]) {
    this.#switch = center;
    this.#machines = machines;
  }

  /** Every link takes so much, each way, from now on. */
  shape(rate: string): void {
    const words = ['root', 'tbf', 'rate', rate, 'burst', '128kb', 'latency', '50ms'];
    this.#machines.forEach((machine, number) => {
      this.#switch.run('tc', 'qdisc', 'replace', 'dev', `port${number}`, ...words);
      machine.run('tc', 'qdisc', 'replace', 'dev', 'eth0', ...words);
    });
  }

  /** Pulls a machine's cable, or puts it back. */
  setLink(number: number, state: 'up' | 'down'): void {
    this.#switch.run('ip', 'link', 'set', `port${number}`, state);
  }

  /** What has gone to a machine through its link, in bytes. */
  sentTo(number: number): number {
    const [link] = JSON.parse(
      this.#switch.run('ip', '-json', '-stats', 'link', 'show', `port${number}`),
    );
    return link.stats64.tx.bytes;
  }

  /** Runs a command on a machine and gives what it says. */
  run(number: number, ...words: string[]): string {
    return this.#machines[number]?.run(...words) ?? '';
  }

  /** A real server of that machine, which keeps nothing on disk. Gives its URL. */
  async serve(number: number, ...more: string[]): Promise<string> {
    const address = addressOf(number);
    const where = ['--bind', address, '--port', `${PORT}`, '--protected-mode', 'no'];
    const server = this.spawn(
      number,
      'redis-server',
      ...where,
      '--save',
      '',
      '--appendonly',
      'no',
      ...more,
    );
    let said = '';
    server.stdout?.on('data', (text) => {
      said += text;
    });
    await until('the server is ready', () => said.includes('Ready to accept connections'));
    this.#servers.set(number, server);
    return `redis://${address}:${PORT}`;
  }

  /** Ends a machine's server without a goodbye to anybody. */
  killServer(number: number): void {
    this.#servers.get(number)?.kill('SIGKILL');
  }

  /** Makes one cluster of the servers of all machines. */
  async join(): Promise<void> {
    const all = this.#machines.map((_, number) => `${addressOf(number)}:${PORT}`);
    const client = ['redis-cli', '-h', addressOf(0)];
    this.run(0, 'redis-cli', '--cluster', 'create', ...all, '--cluster-yes');
    const whole = () => this.run(0, ...client, 'cluster', 'info').includes('cluster_state:ok');
    await until('the cluster is whole', whole);
  }

  /** Starts a command on a machine, which ends with the network. */
  spawn(number: number, ...words: string[]): ChildProcess {
    const [command = '', ...rest] = [...(this.#machines[number]?.prefix ?? []), ...words];
    const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'], env: ENVIRONMENT });
    this.#children.push(child);
    return child;
  }

  stop(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const each of [...this.#machines, this.#switch]) each.stop();
  }

  #plug(number: number): void {
    const machine = this.#machines[number];
    if (machine === undefined) return;
    const port = `port${number}`;
    const peer = ['peer', 'name', 'eth0', 'netns', `${machine.pid}`];
    this.#switch.run('ip', 'link', 'add', port, 'type', 'veth', ...peer);
    this.#switch.run('ip', 'link', 'set', port, 'master', 'center', 'up');
    machine.run('ip', 'address', 'add', `${addressOf(number)}/24`, 'dev', 'eth0');
    machine.run('ip', 'link', 'set', 'eth0', 'up');
    machine.run('ip', 'link', 'set', 'lo', 'up');
  }
}

export const addressOf = (number: number): string => `10.77.0.${number + 1}`;

/**
 * A test on a network of its own. Where none can be made it fails if CI is true, and is named as not
 * run elsewhere.
 */
export function testOnNetwork(
  name: string,
  { count, rate }: LinkOptions & { count: number },
  run: (network: Network) => Promise<void>,
): void {
  test(name, async () => {
    const network = await Network.start(count, { rate }).catch((error: Error) => {
      if (process.env.CI === 'true') throw error;
      console.log(`not run, no network namespaces can be made here (${error.message}): ${name}`);
      return null;
    });
    if (network === null) return;
    try {
      await run(network);
    } finally {
      network.stop();
    }
  });
}
