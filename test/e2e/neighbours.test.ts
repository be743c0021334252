/** Real programs, a real mosquitto and real servers: one lends, another finds it and parks there. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ask } from '../../app/control/client.ts';
import type { PlaceSnapshot } from '../../app/stats/snapshot.ts';
import { documentedRights } from '../support/access-list.ts';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { Authority } from '../support/certificates.ts';
import { Edgepool } from '../support/edgepool.ts';
import { Observer } from '../support/observer.ts';
import { faultOf } from '../support/payloads.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { until } from '../support/until.ts';
import { Valkey } from '../support/valkey.ts';

const SECRETS = ['of-the-lender', 'of-the-borrower'] as const;
const MODEL = 'tiny_int8';
const scratch = scratchFolder();
const socket = join(scratch.path, 'camera.sock');
const broker = new Mosquitto(await freePort());
const house = new Authority(scratch.path, 'house');
const ca = house.pair.certificate;
const certificate = house.issue('server', '127.0.0.1');

/** It lets in whoever lends and whoever borrows, each with his own password. */
const serve = () => {
  const users = [
    ...documentedRights('lender', SECRETS[0]),
    ...documentedRights('edgepool', SECRETS[1]),
  ];
  return Valkey.start(['--maxmemory-policy', 'allkeys-lru', ...users], certificate);
};
const urlOf = ({ port }: Valkey) => `rediss://127.0.0.1:${port}`;
const keys = (server: Valkey) => server.with((client) => client.dbsize());

async function program(device: string, parking: object): Promise<Edgepool> {
  const settings = {
    ...{ version: 1, device, models: [{ file: join(ROOT, `build/models/${MODEL}.tflite`) }] },
    region: { capacity_mb: 64, pages: 'ordinary' },
    ...{ mqtt: { broker: broker.url }, dashboard: { port: null }, parking },
    control: { socket: join(scratch.path, `${device}.sock`) },
  };
  const file = scratch.write(`${device}.json`, JSON.stringify(settings));
  const running = new Edgepool(['run', '--config', file]);
  after(() => running.child.kill('SIGKILL'));
  await running.says('ready');
  return running;
}

const park = () => ask(socket, 'park', { model: MODEL, place: 'neighbour' });

async function restore(): Promise<PlaceSnapshot | undefined> {
  const answer = await ask(socket, 'restore', { model: MODEL });
  assert.ok(answer.ok, JSON.stringify(answer));
  const { places } = (await ask(socket, 'places', {})) as unknown as { places: PlaceSnapshot[] };
  return places.find(({ place }) => place === 'neighbour');
}

test('a board finds who lends, parks there, and goes to another when that is gone', async () => {
  await broker.start();
  after(() => broker.remove());
  const observer = await Observer.listen(broker.url, 'edgepool/#');
  after(() => observer.close());
  const [first, second] = [await serve(), await serve()];
  const announced = () => observer.on('edgepool/gateway/lending').at(-1) ?? '';
  const lend = { mb: 32, own_mb: 8, url: urlOf(first), announce: urlOf(first) };
  const access = { username: 'lender', password: SECRETS[0], ca };
  const gateway = await program('gateway', { lend: { ...lend, ...access } });
  await until('it is announced', () => announced() !== '');
  assert.equal(JSON.parse(announced()).url, urlOf(first));

  const neighbour = { discover: true, ca, username: 'edgepool', password: SECRETS[1] };
  const camera = await program('camera', { neighbour });
  const parked = await park();
  assert.ok(parked.ok, JSON.stringify(parked));
  assert.ok((await keys(first)) > 0);
  gateway.child.kill('SIGKILL');
  await until('its last will takes it back', () => announced() === '');
  const late = await Observer.listen(broker.url, 'edgepool/#');
  await late.hears('edgepool/camera/availability', 'online');
  assert.deepEqual(late.on('edgepool/gateway/lending'), [], 'the broker keeps nothing of it');
  await late.close();
  // The server of the one that is gone is there all the same.
  const back = await restore();
  assert.deepEqual([back?.server, back?.restores, back?.lost], [urlOf(first), 1, 0]);

  const stamp = { boot: '0a1b2c3d', sequence: 1, time: new Date().toISOString() };
  const say = (device: string, url: string) =>
    observer.say(
      `edgepool/${device}/lending`,
      JSON.stringify({ ...stamp, url, free_bytes: 2 ** 24 }),
      { retain: true },
    );
  await say('evil', `rediss://me:secret@127.0.0.1:${second.port}`);
  await say('shed', urlOf(second));
  await until('it parks at the other', async () => (await park()).ok);
  assert.ok((await keys(second)) > 0);
  assert.equal(await keys(first), 0);
  await second.kill();
  const lost = await restore();
  assert.deepEqual([lost?.server, lost?.restores, lost?.lost], [urlOf(second), 1, 1]);

  camera.child.kill('SIGTERM');
  assert.equal((await camera.end()).status, 0);
  const ours = observer.heard.filter(({ topic }) => /^edgepool\/(camera|gateway)\//.test(topic));
  const faults = ours.map(({ topic, payload }) => faultOf(topic, payload));
  assert.deepEqual(
    faults.filter((fault) => fault !== ''),
    [],
  );
  const events = observer.on('edgepool/camera/event').map((payload) => JSON.parse(payload));
  const kinds = events.map(({ event }) => event).filter((kind) => kind !== 'parking_failed');
  assert.deepEqual(kinds, [
    ...['started', 'neighbour_changed', 'announcement_ignored', 'neighbour_changed'],
    ...['parked_model_lost', 'stopping'],
  ]);
  const said = ours.map(({ payload }) => payload).join();
  for (const secret of SECRETS) assert.ok(!said.includes(secret), secret);
});
