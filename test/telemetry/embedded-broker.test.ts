import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { EmbeddedBroker } from '../../app/telemetry/mqtt/embedded-broker.ts';
import { freePort } from '../support/brokers.ts';
import { recorded, silent } from '../support/silent.ts';

test('it listens on the usual port; where that is taken, on a free one, and says so', async () => {
  const port = await freePort();
  const first = new EmbeddedBroker(silent, port);
  const log = recorded();
  const second = new EmbeddedBroker(log, port);
  await first.start();
  await second.start();
  assert.equal(first.url, `mqtt://127.0.0.1:${port}`);
  assert.notEqual(second.url, first.url);
  const used = second.url.split(':').at(-1);
  assert.deepEqual(log.lines, [`info port ${port} is taken: the broker listens on ${used}`]);
  await second.stop();
  await first.stop();
});

test('its port is free again after a stop, though clients were connected', async () => {
  const port = await freePort();
  const broker = new EmbeddedBroker(silent, port);
  await broker.start();
  const client = await mqtt.connectAsync(broker.url, { reconnectPeriod: 0 });
  await broker.stop();
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  server.close();
  await client.endAsync(true);
});

test('it keeps no messages for a client that has left', async () => {
  const broker = new EmbeddedBroker(silent, await freePort());
  await broker.start();
  const options = { clientId: 'lasting', clean: false, reconnectPeriod: 0 };
  const client = await mqtt.connectAsync(broker.url, options);
  await client.subscribeAsync('t', { qos: 1 });
  await client.endAsync();
  const other = await mqtt.connectAsync(broker.url);
  await other.publishAsync('t', 'while away', { qos: 1 });
  const again = mqtt.connect(broker.url, options);
  const sessionPresent = await new Promise((resolve) => {
    again.once('connect', (connack) => resolve(connack.sessionPresent));
  });
  assert.equal(sessionPresent, false);
  await again.endAsync();
  await other.endAsync();
  await broker.stop();
});
