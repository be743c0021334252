/** What first boot leaves reaches the broker, as its schema says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tellNotices } from '../../app/boot/notices.ts';
import { loadConfig } from '../../app/config/load.ts';
import { Telemetry } from '../../app/telemetry/telemetry.ts';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { Card } from '../support/card.ts';
import { Observer } from '../support/observer.ts';
import { faultOf } from '../support/payloads.ts';
import { scratchFolder } from '../support/scratch.ts';
import { recorded, silent } from '../support/silent.ts';
import { snapshot } from '../support/snapshots.ts';
import { until } from '../support/until.ts';

const scratch = scratchFolder();
const TOPIC = 'edgepool/board/event';

test('a file that first boot has refused is told to the broker of the settings that run', async () => {
  const broker = new Mosquitto(await freePort());
  await broker.start();
  const card = new Card();
  card.settings = `mqtt: {broker: "${broker.url}"}\ndevice: board\n`;
  card.start();
  card.settings = 'mqtt: {brokr: none}\n';
  card.start();
  const file = card.path('data/edgepool/edgepool.yaml');
  const config = loadConfig({ file, environment: {}, flags: null });
  const observer = await Observer.listen(broker.url);
  const telemetry = new Telemetry(config, () => snapshot([]), silent);
  await telemetry.start();
  tellNotices(card.path('run/edgepool-first-boot/notices.json'), telemetry, silent);
  await until('the notice', () => observer.on(TOPIC).length > 0);
  await telemetry.stop();
  await observer.close();
  await broker.remove();
  const [payload = ''] = observer.on(TOPIC);
  assert.equal(faultOf(TOPIC, payload), '');
  const { event, faults, more, runs_on } = JSON.parse(payload);
  assert.deepEqual([event, more, runs_on], ['first_boot_refused', 0, 'settings taken before']);
  assert.deepEqual(faults, [
    'edgepool.yaml:1: mqtt.brokr is not a setting; the nearest is mqtt.broker',
  ]);
});

test('no file is no notice; one that cannot be used is said once and stops nothing', () => {
  const told: string[] = [];
  const telemetry = { event: (kind: string) => told.push(kind) };
  const log = recorded();
  tellNotices(`${scratch.path}/absent.json`, telemetry, log);
  assert.deepEqual(log.lines, []);
  for (const text of ['{', '{}', '[1]', '[{"event": ""}]', ' '.repeat(65537)]) {
    tellNotices(scratch.write('notices.json', text), telemetry, log);
  }
  assert.deepEqual(told, []);
  assert.equal(log.lines.length, 5);
  for (const line of log.lines) assert.match(line, /^warn notices_file cannot be told: .*notices/);
});
