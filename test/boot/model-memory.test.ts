/** Models that fail where nobody looks on: what runs instead, and what the broker hears. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ModelMemory } from '../../app/boot/model-memory.ts';
import { loadConfig } from '../../app/config/load.ts';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { Edgepool } from '../support/edgepool.ts';
import { Observer } from '../support/observer.ts';
import { faultOf } from '../support/payloads.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { silent } from '../support/silent.ts';
import { until } from '../support/until.ts';

const scratch = scratchFolder();
const tiny = join(ROOT, 'build/models/tiny.tflite');
const signal = new AbortController().signal;
const PATIENCE_MS = 60_000;

function remember(state: string, models: object[], refused_models = 'stop'): ModelMemory {
  const recovery = { state_folder: state, refused_models };
  const flags = { values: { models, recovery }, usage: true, subject: String };
  const config = loadConfig({ file: null, environment: {}, flags });
  return new ModelMemory({ config, environment: {}, signal, log: silent });
}

const origins = (memory: ModelMemory) => memory.candidates().map(({ origin }) => origin);

/** A start that is cut off before its models have run well. */
const cutOff = async (state: string, models: object[]) => remember(state, models).start();

test('after three starts that were cut off something else is started, in turn', async () => {
  const state = join(scratch.path, 'turns');
  const models = [{ file: tiny, name: 'mine' }];
  for (let start = 0; start < 3; start += 1) {
    assert.deepEqual(origins(remember(state, models)), ['configured'], `start ${start}`);
    await cutOff(state, models);
  }
  // Nothing has ever run well: the default job.
  assert.deepEqual(origins(remember(state, models)), ['default']);
  // Other models have starts of their own.
  assert.deepEqual(origins(remember(state, [{ file: tiny, name: 'other' }])), ['configured']);
  for (const torn of ['', '{"version":1,"tried":{"set"']) {
    writeFileSync(join(state, 'models.json'), torn);
    assert.deepEqual(origins(remember(state, models)), ['configured']);
  }
});

test('a start that ends in an orderly way is not counted', async () => {
  const state = join(scratch.path, 'orderly');
  const models = [{ file: tiny }];
  for (let start = 0; start < 5; start += 1) {
    const memory = remember(state, models);
    await memory.start();
    await memory.proof.start();
    await memory.proof.stop();
    await memory.stop();
  }
  assert.equal(remember(state, models).cutOff, 0);
});

test('a state folder that cannot be written keeps nothing from running', async () => {
  const memory = remember(scratch.write('no-folder', ''), [{ file: tiny }]);
  await memory.start();
  assert.deepEqual(origins(memory), ['configured']);
});

test('the broker hears of a model that is left out, and of a crash loop', async () => {
  const broker = new Mosquitto(await freePort());
  await broker.start();
  after(() => broker.remove());
  const observer = await Observer.listen(broker.url, 'edgepool/board/event');
  after(() => observer.close());
  const events = () =>
    observer.on('edgepool/board/event').map((payload) => {
      assert.equal(faultOf('edgepool/board/event', payload), '');
      return JSON.parse(payload) as { event: string; models: string[]; [field: string]: unknown };
    });
  const named = (event: string) => events().filter((each) => each.event === event);
  const state = join(scratch.path, 'state');
  const bad = scratch.write('bad.tflite', 'TFL3 and nothing more');
  const good = join(scratch.path, 'good.tflite');
  copyFileSync(tiny, good);
  const recovery = {
    ...{ state_folder: state, refused_models: 'leave_out', good_after_seconds: 0.5 },
  };
  const begin = async (name: string, models: object[], more: object = {}) => {
    const before = named('started').length;
    const mqtt = { broker: broker.url };
    const settings = { device: 'board', fps: 10, mqtt, models, recovery: { ...recovery, ...more } };
    const file = scratch.write(`${name}.json`, JSON.stringify(settings));
    const program = new Edgepool(['run', '--config', file]);
    await until('it has started', () => named('started').length > before, PATIENCE_MS);
    return program;
  };
  const end = async ({ child }: Edgepool, how: NodeJS.Signals) => {
    child.kill(how);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };

  // One of two is no model: the other runs, and after half a second has run well.
  const first = await begin('first', [{ file: bad }, { file: good, name: 'proved' }]);
  await until('the refusal is told', () => named('model_refused').length === 1);
  assert.equal(named('model_refused')[0]?.model, 'bad');
  assert.match(String(named('model_refused')[0]?.message), /bad\.tflite/);
  assert.deepEqual(named('started')[0]?.models, ['proved']);
  const kept = () => JSON.parse(readFileSync(join(state, 'models.json'), 'utf8'));
  await until('it is kept', () => kept().good?.models[0]?.name === 'proved', PATIENCE_MS);
  await end(first, 'SIGTERM');

  // Others crash, start after start, and never run well.
  const never = { good_after_seconds: 3600, starts: 2 };
  const crashing = [{ file: good, name: 'crashes' }];
  for (let start = 0; start < 2; start += 1) {
    await end(await begin(`crash-${start}`, crashing, never), 'SIGKILL');
  }
  assert.equal(named('models_fallback').length, 0);
  const last = await begin('last', crashing, never);
  await until('the fallback is told', () => named('models_fallback').length === 1);
  const told = named('models_fallback')[0] ?? { origin: '', starts: 0, models: [] };
  assert.deepEqual([told.origin, told.starts, told.models], ['last_good', 2, ['proved']]);
  await end(last, 'SIGTERM');
});
