/** Real photographs through real models, as the README shows it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { Edgepool, edgepool } from '../support/edgepool.ts';
import { Observer } from '../support/observer.ts';
import { readReport } from '../support/report.ts';
import { scratchFolder } from '../support/scratch.ts';
import { shared, testWithShared } from '../support/shared.ts';

const scratch = scratchFolder();
const labels = `labels=${shared('models', 'imagenet_labels.txt')}`;
const mobilenet = shared('models', 'tf2_mobilenet_v2_1.0_224_ptq.tflite');
const person = shared('models', 'vww_96_int8.tflite');
const small = shared('models', 'mobilenet_v1_0.25_128_quant.tflite');
const uint8 = shared('models', 'mobilenet_v2_1.0_224_quant.tflite');
const cat = shared('media', 'cat_1080p.jpg');
const hopper = shared('media', 'grace_hopper.bmp');

function run(file: string, picture: string, models: string[], ...more: string[]) {
  const report = join(scratch.path, file);
  const modelArgs = models.flatMap((model) => ['--model', model]);
  return {
    report,
    args: ['run', '--source', `still:${picture}`, ...modelArgs, '--report', report, ...more],
  };
}

function assertSteady(report: Snapshot): void {
  assert.ok(report.steady_state.frames_covered > 0);
  assert.equal(report.steady_state.minor_faults, 0);
  assert.equal(report.steady_state.foreign_allocations, 0);
}

testWithShared('three models name the cat at 30 fps, and a broker hears all of it', async () => {
  const broker = new Mosquitto(await freePort());
  await broker.start();
  const observer = await Observer.listen(broker.url);
  const models = [`${mobilenet},${labels}`, person, small];
  const { report: file, args } = run('cat.json', cat, models, '--duration=20');
  const program = new Edgepool([...args, '--broker', broker.url], {
    environment: { EDGEPOOL_DEVICE: 'board' },
  });
  await observer.hears('edgepool/board/availability', 'online');
  const ended = await program.end();
  assert.deepEqual([ended.status, ended.err], [0, '']);
  await observer.hears('edgepool/board/availability', 'offline');
  await observer.close();
  await broker.remove();

  const report = readReport(file);
  assert.ok(report.frames.fps >= 29.5, `${report.frames.fps} fps`);
  assert.ok(report.deadline_hit_ratio >= 0.99, `${report.deadline_hit_ratio} in time`);
  assert.equal(report.models[0]?.top?.label, 'Egyptian cat');
  assertSteady(report);
  assert.equal(report.region.locked, true);
  assert.equal(report.models.length, 3);
  for (const { name, pool } of report.models) {
    assert.ok(pool.peak_bytes > 0 && pool.peak_bytes <= pool.quota_bytes, name);
    assert.ok(pool.external_fragmentation < 0.2, name);
  }
  assert.equal(report.mqtt.connected, true);
  assert.equal(report.mqtt.dropped, 0);

  const states = observer.on('edgepool/board/state').map((text) => JSON.parse(text) as Snapshot);
  assert.ok(states.length >= 18, `${states.length} states in 20 s`);
  const last = states.at(-1);
  const ofTheMessage = ['boot', 'sequence', 'time'];
  assert.deepEqual(
    Object.keys(last ?? {}).sort(),
    [...Object.keys(report), ...ofTheMessage].sort(),
  );
  assert.equal(last?.models[0]?.top?.label, 'Egyptian cat');
  const name = 'tf2_mobilenet_v2_1.0_224_ptq';
  const [result] = observer.on(`edgepool/board/model/${name}/result`);
  assert.equal(JSON.parse(result ?? '').top[0].label, 'Egyptian cat');
});

testWithShared('the portrait of a woman is a person to the person model', async () => {
  const { report, args } = run('hopper.json', hopper, [person], '--duration=3', '--broker=none');
  const ended = await edgepool(args);
  assert.deepEqual([ended.status, ended.err], [0, '']);
  assert.equal(readReport(report).models[0]?.top?.label, 'class 1');
  const other = run('no-person.json', cat, [person], '--duration=3', '--broker=none');
  await edgepool(other.args);
  assert.equal(readReport(other.report).models[0]?.top?.label, 'class 0');
});

testWithShared(
  'a model that a delegate refuses runs without it, and the report says so',
  async () => {
    const model = `${uint8},${labels},every=3`;
    const { report, args } = run('uint8.json', cat, [model], '--duration=4', '--broker=none');
    const ended = await edgepool(args);
    assert.deepEqual([ended.status, ended.err], [0, '']);
    const [reported] = readReport(report).models;
    assert.match(reported?.top?.label ?? '', /\bcat\b/);
    assert.match(reported?.delegate ?? '', /refused/);
    assertSteady(readReport(report));
  },
);
