/** The real program and a real mosquitto with TLS and a password, read by mosquitto_sub. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { Authority } from '../support/certificates.ts';
import { Edgepool } from '../support/edgepool.ts';
import { discoveryFault } from '../support/home-assistant/check.ts';
import { faultOf, schemaOf } from '../support/payloads.ts';
import { scratchFolder } from '../support/scratch.ts';
import { until } from '../support/until.ts';

const scratch = scratchFolder();
const authority = new Authority(scratch.path, 'authority');
const certificate = authority.issue('broker', '127.0.0.1');
const ca = authority.pair.certificate;

interface Line {
  topic: string;
  qos: number;
  retain: number;
  payload: string;
  /** User properties of MQTT 5: `name:value`, one after the other. */
  user: string;
}

function kindOf(topic: string): string {
  return topic.startsWith('homeassistant/') ? 'discovery' : schemaOf(topic);
}

/** mosquitto_sub on everything, with each message as a line of JSON. */
class Subscriber {
  readonly child: ChildProcess;
  #out = '';

  constructor(port: number) {
    const who = ['-p', String(port), '-u', 'house', '-P', 'secret', '--cafile', ca];
    const what = ['-V', '5', '-q', '1', '-t', '#', '-F', '%j %P'];
    this.child = spawn('mosquitto_sub', ['-h', '127.0.0.1', ...who, ...what], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
    });
    after(() => this.child.kill('SIGKILL'));
  }

  lines(): Line[] {
    const whole = this.#out.slice(0, this.#out.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const end = line.lastIndexOf('}') + 1;
        return { ...JSON.parse(line.slice(0, end)), user: line.slice(end) };
      });
  }

  of(kind: string): Line[] {
    return this.lines().filter(({ topic }) => kindOf(topic) === kind);
  }

  async end(): Promise<void> {
    this.child.kill('SIGTERM');
    await once(this.child, 'close');
  }
}

test('a house with TLS and passwords reads all that is said, and hears of a sudden end', async () => {
  const port = await freePort();
  const broker = new Mosquitto(port);
  const tls = `certfile ${certificate.certificate}\nkeyfile ${certificate.key}\n`;
  await broker.start(`${tls}${broker.passwords('house', 'secret')}`);
  after(() => broker.remove());
  const subscriber = new Subscriber(port);
  const mqtt = {
    broker: `mqtts://127.0.0.1:${port}`,
    username: 'house',
    password_file: scratch.write('password', 'secret\n'),
    tls: { ca },
    summary_seconds: 1,
  };
  const file = scratch.write('edgepool.json', JSON.stringify({ device: 'board', mqtt }));
  const program = new Edgepool(['run', '--config', file]);
  after(() => program.child.kill('SIGKILL'));
  await program.says('ready');
  await until('all kinds', () =>
    ['availability', 'state', 'summary', 'result', 'event', 'discovery'].every(
      (kind) => subscriber.of(kind).length >= (kind === 'state' || kind === 'summary' ? 2 : 1),
    ),
  );
  assert.equal(subscriber.of('availability').at(-1)?.payload, 'online');
  program.child.kill('SIGKILL');
  await until('the will', () => subscriber.of('availability').at(-1)?.payload === 'offline');
  await subscriber.end();

  const lines = subscriber.lines();
  assert.deepEqual(
    lines
      .map(({ topic, payload }) =>
        kindOf(topic) === 'discovery' ? discoveryFault(payload) : faultOf(topic, payload),
      )
      .filter((fault) => fault !== ''),
    [],
  );
  for (const [kind, qos] of Object.entries({ state: 0, summary: 0, result: 1, event: 1 })) {
    assert.ok(
      subscriber.of(kind).every((line) => line.qos === qos && line.retain === 0),
      kind,
    );
  }
  const sequences = lines
    .filter(({ topic }) => kindOf(topic) !== 'availability')
    .map(({ payload, user }) =>
      Number(/sequence:(\d+)/.exec(user)?.[1] ?? JSON.parse(payload).sequence),
    );
  assert.deepEqual(
    sequences.sort((a, b) => a - b),
    Array.from({ length: sequences.length }, (_, index) => index + 1),
    'no message is missing',
  );
  assert.ok(!program.out.includes('secret') && !program.err.includes('secret'));
  const summary = JSON.parse(subscriber.of('summary').at(-1)?.payload ?? '');
  assert.ok(summary.fps > 15, `${summary.fps} frames a second`);
});
