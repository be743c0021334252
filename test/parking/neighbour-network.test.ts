/**
 * Models wait at neighbours across a real network, which is cut. `make neighbours` cuts it for a
 * minute.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { addressOf, type Network, testOnNetwork } from '../support/network.ts';
import { scratchFolder } from '../support/scratch.ts';
import { until } from '../support/until.ts';

const SECONDS = Number(process.env.CUT_SECONDS ?? 3);
const TIMEOUT_MS = 2000;
/** So that pieces of 1 MiB take a while, and less than that. */
const SLOW = '20mbit';
const child = fileURLToPath(new URL('network-child.ts', import.meta.url));

interface Told {
  message: string | null;
  residence: string;
  same: boolean | null;
  kinds: string[];
  parks: number;
  restores: number;
  failures: number;
  lost: number;
  /** To its neighbour, in bytes. */
  written: number;
}

type What = 'park' | 'restore' | 'forget';

/** A program with a model, on one of the machines. */
class Program {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** `url`: of its neighbour. */
  static async start(
    network: Network,
    number: number,
    url: string,
    ...more: string[]
  ): Promise<Program> {
    const words = [process.execPath, '--import', 'tsx', child, url, `${TIMEOUT_MS}`, ...more];
    const program = new Program(network.spawn(number, ...words));
    await program.#next();
    return program;
  }

  private constructor(process: ChildProcess) {
    assert.ok(process.stdout !== null);
    this.#child = process;
    this.#lines = createInterface(process.stdout)[Symbol.asyncIterator]();
  }

  async does(what: What): Promise<Told> {
    this.#child.stdin?.write(`${what}\n`);
    return this.#next();
  }

  async #next(): Promise<Told> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the program on the machine ended');
    return JSON.parse(value);
  }
}

const LINKS = { count: 3, rate: '1gbit' };
const MACHINES = [0, 1, 2];

/** What each machine's server holds. */
const keysOf = (network: Network) =>
  MACHINES.map((number) =>
    Number(network.run(number, 'redis-cli', '-h', addressOf(number), 'dbsize')),
  );

testOnNetwork(
  'three machines keep models for each other, which come back',
  LINKS,
  async (network) => {
    const urls = await Promise.all(MACHINES.map((number) => network.serve(number)));
    const programs = await Promise.all(
      MACHINES.map((number) => Program.start(network, number, urls[(number + 1) % 3] ?? '')),
    );
    const all = (what: What) => Promise.all(programs.map((each) => each.does(what)));
    for (let round = 1; round <= 3; round += 1) {
      for (const { message, residence } of await all('park')) {
        assert.deepEqual([message, residence], [null, 'away']);
      }
      assert.ok(keysOf(network).every((count) => count >= 3));
      for (const { message, same, restores, lost } of await all('restore')) {
        assert.deepEqual([message, same, restores, lost], [null, true, round, 0]);
      }
    }
    await all('forget');
    await until('nothing is left', () => keysOf(network).every((count) => count === 0));
  },
);

const PAIR = { ...LINKS, count: 2 };

testOnNetwork('a network that is cut costs time and nothing else', PAIR, async (network) => {
  const url = await network.serve(1);
  const program = await Program.start(network, 0, url);
  network.shape(SLOW);
  /** Pulls the cable once a good part of what is moved has come through to a machine. */
  const cutOnTheWayTo = async (number: number) => {
    const before = network.sentTo(number);
    await until('a part has come through', () => network.sentTo(number) > before + 1.5e6);
    network.setLink(1, 'down');
  };
  const [stayed] = await Promise.all([program.does('park'), cutOnTheWayTo(1)]);
  assert.match(stayed.message ?? '', /^place neighbour, redis:/);
  assert.deepEqual([stayed.residence, stayed.same], ['resident', true]);
  assert.deepEqual(stayed.kinds, ['parking_failed']);
  network.setLink(1, 'up');

  assert.equal((await program.does('park')).message, null);
  const [lost] = await Promise.all([program.does('restore'), cutOnTheWayTo(0)]);
  assert.deepEqual([lost.message, lost.same, lost.kinds], [null, true, ['parked_model_lost']]);

  const end = performance.now() + SECONDS * 1000;
  for (let failures = 2; performance.now() < end; failures += 1) {
    const away = await program.does('park');
    assert.deepEqual([away.residence, away.same], ['resident', true]);
    assert.deepEqual([away.kinds, away.failures, away.lost], [['parking_failed'], failures, 1]);
  }
  network.setLink(1, 'up');
  network.shape(LINKS.rate);
  await until('it parks again', async () => (await program.does('park')).message === null, 30_000);

  // A model that waits there does not mind that nobody could have come for it.
  network.setLink(1, 'down');
  await sleep(SECONDS * 1000);
  network.setLink(1, 'up');
  const back = await program.does('restore');
  assert.deepEqual([back.message, back.same, back.kinds, back.lost], [null, true, [], 1]);
});

testOnNetwork(
  'a cluster shares the pieces out, and what one of it loses is loaded',
  LINKS,
  async (network) => {
    const { path } = scratchFolder();
    const clustered = (number: number) => {
      const file = join(path, `nodes-${number}.conf`);
      return network.serve(number, '--cluster-enabled', 'yes', '--cluster-config-file', file);
    };
    const [url = ''] = await Promise.all(MACHINES.map(clustered));
    await network.join();
    const program = await Program.start(network, 0, url, 'cluster');
    const { message, written } = await program.does('park');
    assert.equal(message, null);
    const shared = keysOf(network);
    assert.ok(shared.reduce((sum, count) => sum + count) >= 3);
    const back = await program.does('restore');
    assert.deepEqual([back.message, back.same, back.lost], [null, true, 0]);

    // What has not changed stays where it is.
    const again = await program.does('park');
    assert.deepEqual([again.message, again.written], [null, written]);
    const { same, lost: none } = await program.does('restore');
    assert.deepEqual([same, none, keysOf(network)], [true, 0, shared]);
    await program.does('forget');
    await until('nothing is left', () => keysOf(network).every((count) => count === 0));

    assert.equal((await program.does('park')).message, null);
    const holding = keysOf(network).findIndex((count) => count > 0);
    network.killServer(holding);
    const lost = await program.does('restore');
    assert.deepEqual([lost.message, lost.same, lost.kinds], [null, true, ['parked_model_lost']]);
  },
);
