/** Events that outlive the program: the file by itself, then with a real mosquitto. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../app/config/load.ts';
import { EventFile } from '../../app/telemetry/mqtt/event-file.ts';
import { Telemetry } from '../../app/telemetry/telemetry.ts';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { Observer } from '../support/observer.ts';
import { Random, seeds } from '../support/random.ts';
import { scratchFolder } from '../support/scratch.ts';
import { recorded, silent } from '../support/silent.ts';
import { snapshot } from '../support/snapshots.ts';
import { until } from '../support/until.ts';
import { savedEvents } from './saved-events.ts';

const scratch = scratchFolder();

test('what was saved is there for the next start, marked historical; nothing leaves no file', async () => {
  const path = join(scratch.path, 'folder', 'events.json');
  await new EventFile(path, silent).save(savedEvents(2));
  const next = new EventFile(path, silent);
  const loaded = next.load();
  assert.deepEqual(
    loaded.map(({ payload }) => JSON.parse(payload)),
    [0, 1].map((number) => ({ event: 'kept', number, historical: true })),
  );
  await next.save(loaded);
  assert.equal(new EventFile(path, silent).load()[0]?.payload, loaded[0]?.payload);
  await next.save([]);
  assert.deepEqual(readdirSync(join(scratch.path, 'folder')), []);
  assert.deepEqual(next.load(), []);
});

test('a file of somebody else is refused and stays as it is', () => {
  for (const text of ['', 'precious', '{"events":[{"topic":1}]}', '[]', 'null']) {
    const path = scratch.write('other', text);
    const message = /^mqtt.events_file .*other: holds something else than events; name another/;
    assert.throws(() => new EventFile(path, silent).load(), { message });
    assert.equal(readFileSync(path, 'utf8'), text);
  }
  assert.throws(() => new EventFile(scratch.path, silent).load(), {
    message: /cannot be read \(EISDIR\); name another file/,
  });
});

test('a file that cannot be written is told once, and the program goes on', async () => {
  const log = recorded();
  const path = join(scratch.path, 'taken');
  mkdirSync(join(path, 'by a folder'), { recursive: true });
  const file = new EventFile(path, log);
  await file.save(savedEvents(1));
  await file.save(savedEvents(2));
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0] ?? '', /^warn mqtt.events_file .*taken: events are not kept in it/);
});

test('whenever the writer is killed, the file is one whole list or the other', async () => {
  const [seed = 1] = seeds(1);
  const random = new Random(seed);
  const path = join(scratch.path, 'killed.json');
  await new EventFile(path, silent).save(savedEvents(100));
  for (let round = 0; round < 8; round++) {
    const script = fileURLToPath(new URL('save-forever.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, random.next() * 30));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { length } = new EventFile(path, silent).load();
    assert.ok([100, 5000].includes(length), `seed ${seed}, round ${round}: ${length} events`);
  }
});

test('events of a start without a broker come with the next one, once', async () => {
  const broker = new Mosquitto(await freePort());
  const path = join(scratch.path, 'events.json');
  const config = loadConfig({
    file: null,
    environment: {},
    flags: {
      values: {
        device: 'board',
        mqtt: { broker: broker.url, events_file: path, discovery_prefix: null },
      },
      usage: true,
      subject: String,
    },
  });
  const make = () => new Telemetry(config, () => snapshot([]), silent);

  const alone = make();
  await alone.start();
  for (const number of [1, 2, 3]) alone.event('kept', { number });
  await until('saved', () => existsSync(path));
  await alone.stop();
  const { published, waiting } = alone.snapshot().mqtt;
  assert.deepEqual([published, waiting], [0, 3]);

  await broker.start();
  const observer = await Observer.listen(broker.url, 'edgepool/board/event');
  const events = () => observer.on('edgepool/board/event').map((payload) => JSON.parse(payload));
  const second = make();
  await second.start();
  second.event('started');
  await until('all four', () => events().length === 4);
  await until('no file', () => !existsSync(path));
  await second.stop();
  const third = make();
  await third.start();
  third.event('last');
  await until('the last', () => events().some(({ event }) => event === 'last'));
  await third.stop();
  await observer.close();
  await broker.remove();

  assert.deepEqual(
    events().map(({ event, number, historical }) => [event, number, historical]),
    [
      ['kept', 1, true],
      ['kept', 2, true],
      ['kept', 3, true],
      ['started', undefined, undefined],
      ['last', undefined, undefined],
    ],
  );
  assert.equal(new Set(events().map(({ boot }) => boot)).size, 3);
});
