/** How a device and a real mosquitto come together: TLS, passwords, certificates, versions. */
import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { loadConfig } from '../../app/config/load.ts';
import { readAccess } from '../../app/telemetry/mqtt/access.ts';
import { Publisher, type PublisherOptions } from '../../app/telemetry/mqtt/publisher.ts';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { Authority } from '../support/certificates.ts';
import { Observer } from '../support/observer.ts';
import { scratchFolder } from '../support/scratch.ts';
import { recorded } from '../support/silent.ts';
import { until } from '../support/until.ts';
import { AVAILABILITY, publisherOptions } from './publisher-options.ts';

const scratch = scratchFolder();
const authority = new Authority(scratch.path, 'authority');
const stranger = new Authority(scratch.path, 'stranger');
const broker = authority.issue('broker', '127.0.0.1');
const ENCRYPTED = `certfile ${broker.certificate}\nkeyfile ${broker.key}\n`;
const OURS = { ca: authority.pair.certificate };

let mosquitto: Mosquitto;
let port: number;
let closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  port = await freePort();
  mosquitto = new Mosquitto(port);
  closers = [() => mosquitto.remove()];
});

afterEach(async () => {
  for (const close of closers.reverse()) await close();
});

/** A device with these settings of `mqtt`, and what it has logged. */
async function device(mqtt: object, more: Partial<PublisherOptions> = {}) {
  const url = `mqtts://127.0.0.1:${port}`;
  const config = loadConfig({
    file: null,
    environment: {},
    flags: { values: { mqtt: { broker: url, ...mqtt } }, usage: true, subject: String },
  }).mqtt;
  const access = () => readAccess(config, undefined);
  const log = recorded();
  const publisher = new Publisher(publisherOptions(config.broker, { access, ...more }), log);
  closers.push(() => publisher.stop());
  await publisher.start();
  const connected = () => until('connected', () => publisher.snapshot().mqtt.connected);
  return { publisher, log, connected, mqtt: () => publisher.snapshot().mqtt };
}

function warnings(log: { lines: string[] }): string[] {
  return log.lines.filter((line) => line.startsWith('warn '));
}

test('over TLS with a password the device is online, by MQTT 5', async () => {
  await mosquitto.start(`${ENCRYPTED}${mosquitto.passwords('board', 'right')}`);
  const password_file = scratch.write('password', 'right\n');
  const { connected, mqtt, log } = await device({ username: 'board', password_file, tls: OURS });
  await connected();
  assert.equal(mqtt().protocol, '5');
  assert.equal(mqtt().refused, null);
  const ca = { ca: OURS.ca, username: 'board', password: 'right' };
  const observer = await Observer.listen(`mqtts://127.0.0.1:${port}`, '#', ca);
  closers.push(() => observer.close());
  await observer.hears(AVAILABILITY, 'online');
  assert.deepEqual(warnings(log), []);
});

test('a wrong password is reported as refused, once, and is never called connected', async () => {
  await mosquitto.start(`${ENCRYPTED}${mosquitto.passwords('board', 'right')}`);
  const password_file = scratch.write('wrong', 'wrong-8151623\n');
  const { mqtt, log, connected } = await device({
    username: 'board',
    password_file,
    tls: OURS,
  });
  await until('refused three times', () => log.lines.length >= 3);
  assert.equal(mqtt().connected, false);
  assert.equal(mqtt().protocol, null);
  assert.match(mqtt().refused ?? '', /not authorized|bad user/i);
  assert.equal(warnings(log).length, 1);
  assert.match(
    warnings(log)[0] ?? '',
    /refuses this device \(.*\): check mqtt.username, its password/,
  );
  assert.ok(!log.lines.join('\n').includes('8151623'), 'no password in the log');
  // The right one is taken with the next attempt.
  scratch.write('wrong', 'right\n');
  await connected();
  assert.equal(mqtt().refused, null);
});

test('a client certificate lets the device in, and without it it is refused', async () => {
  const asks = `${ENCRYPTED}cafile ${OURS.ca}\nrequire_certificate true\nuse_identity_as_username true\n`;
  await mosquitto.start(asks);
  const pair = authority.issue('board', 'board');
  const good = await device({ tls: { ...OURS, ...pair } });
  await good.connected();
  const bad = await device({ tls: OURS }, { clientId: 'other' });
  await until('refused', () => bad.mqtt().refused !== null);
  assert.equal(bad.mqtt().connected, false);
  const strange = stranger.issue('strange', 'board');
  const worse = await device({ tls: { ...OURS, ...strange } }, { clientId: 'third' });
  await until('refused', () => worse.mqtt().refused !== null);
});

test('a broker that another authority vouches for is not trusted', async () => {
  await mosquitto.start(`${ENCRYPTED}allow_anonymous true\n`);
  const { log, mqtt } = await device({ tls: { ca: stranger.pair.certificate } });
  await until('said', () => warnings(log).length > 0);
  assert.match(warnings(log)[0] ?? '', /is not trusted \(.*\): check mqtt.tls.ca/);
  assert.equal(mqtt().connected, false);
});

test('the name in the certificate must be the one that was asked for', async () => {
  const named = authority.issue('named', 'broker.example');
  await mosquitto.start(
    `certfile ${named.certificate}\nkeyfile ${named.key}\nallow_anonymous true\n`,
  );
  const wrong = await device({ tls: OURS });
  await until('said', () => warnings(wrong.log).length > 0);
  assert.match(warnings(wrong.log)[0] ?? '', /is not trusted .*mqtt.tls.server_name/);
  const right = await device({ tls: { ...OURS, server_name: 'broker.example' } });
  await right.connected();
});

test('what the user may not publish is dropped, and the rest goes on', async () => {
  const rules = scratch.write('rules', 'topic readwrite test/device/availability\ntopic read #\n');
  await mosquitto.start(`allow_anonymous true\nacl_file ${rules}\n`);
  const { publisher, mqtt, log, connected } = await device({ broker: `mqtt://127.0.0.1:${port}` });
  await connected();
  for (let count = 0; count < 40; count++) {
    publisher.publish({ topic: 'test/device/event', payload: 'x', qos: 1, retain: false });
  }
  await until('all dropped', () => mqtt().dropped === 40);
  assert.equal(mqtt().connected, true);
  assert.equal(warnings(log).length, 1);
  assert.match(warnings(log)[0] ?? '', /takes no test\/device\/event: check/);
});

test('a broker that hangs up on MQTT 5 without an answer is spoken to in 3.1.1', async () => {
  await mosquitto.start();
  const front = await freePort();
  const server = refusesVersion5(port).listen(front, '127.0.0.1');
  closers.push(async () => void server.close());
  const { connected, mqtt } = await device({ broker: `mqtt://127.0.0.1:${front}` });
  await connected();
  assert.equal(mqtt().protocol, '3.1.1');
});

/** In front of a real broker: closes the connection where CONNECT names version 5. */
function refusesVersion5(behind: number) {
  return createServer((socket: Socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (greeting) => {
      // The version is the byte after the protocol's name.
      if (greeting[greeting.indexOf('MQTT') + 4] === 5) {
        socket.destroy();
        return;
      }
      const broker = connect(behind, '127.0.0.1');
      broker.write(greeting);
      broker.on('error', () => socket.destroy());
      socket.on('close', () => broker.destroy());
      broker.pipe(socket).pipe(broker);
    });
  });
}
