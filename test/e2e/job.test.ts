/** What somebody with a fresh clone sees first: the default job, its end, its broker. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { Edgepool, edgepool } from '../support/edgepool.ts';
import { Observer } from '../support/observer.ts';
import { processesOf } from '../support/processes.ts';
import { Random, seeds } from '../support/random.ts';
import { readReport } from '../support/report.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { until } from '../support/until.ts';

const scratch = scratchFolder();
const tiny = `${ROOT}build/models/tiny.tflite`;

/** A child that was killed with it may take a moment to go. */
async function nothingLeft({ child }: Edgepool): Promise<void> {
  await until('nothing is left', () => processesOf(child.pid ?? 0).length === 0, 1000);
}

test('without arguments three models run in three pools on 30 fps, without a complaint', async () => {
  const file = join(scratch.path, 'job.json');
  const ended = await edgepool(['run', '--duration', '8', '--report', file]);
  assert.deepEqual([ended.status, ended.err], [0, '']);
  const report = readReport(file);
  assert.equal(report.models.length, 3);
  assert.ok(report.frames.fps >= 29.5, `${report.frames.fps} fps`);
  assert.ok(report.deadline_hit_ratio >= 0.99, `${report.deadline_hit_ratio} in time`);
  assert.equal(report.steady_state.minor_faults, 0);
  assert.equal(report.steady_state.foreign_allocations, 0);
  const assigned = report.models.reduce((sum, { pool }) => sum + pool.mapped_bytes, 0);
  assert.ok(assigned < report.region.mapped_bytes);
  const share = report.region.reserve_bytes / report.region.capacity_bytes;
  assert.ok(share >= 0.3, `reserve ${share}`);
});

test('an interrupt ends it within 2 s with status 0, and nothing is left running', async () => {
  const report = join(scratch.path, 'interrupted.json');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const program = new Edgepool(['run', '--report', report], { detached: true });
    await program.says('ready');
    await program.says('status');
    const start = performance.now();
    program.child.kill(signal);
    const ended = await program.end();
    const took_ms = performance.now() - start;
    assert.deepEqual([ended.status, ended.err], [0, '']);
    assert.ok(took_ms < 2000, `${signal}: ${took_ms} ms`);
    await nothingLeft(program);
    assert.ok(readReport(report).frames.completed > 0);
  }
});

test('an interrupt at any moment of the start leaves nothing running either', async () => {
  const [seed = 1] = seeds(1);
  const random = new Random(seed);
  let longest_ms = 1000;
  for (let round = 0; round < 10; round++) {
    const began = performance.now();
    const program = new Edgepool(['run'], { detached: true });
    if (round === 0) {
      await program.says('ready');
      longest_ms = performance.now() - began;
    } else {
      await new Promise((resolve) => setTimeout(resolve, random.next() * longest_ms));
    }
    const start = performance.now();
    program.child.kill('SIGINT');
    const { status, signal, err } = await program.end();
    assert.ok(performance.now() - start < 2000);
    // Before there is a handler the system ends it.
    assert.ok(status === 0 || signal === 'SIGINT', `round ${round}: ${status} ${err}`);
    await nothingLeft(program);
  }
});

test('a broker that is not there: the stream goes on, and the drop is counted', async () => {
  const file = join(scratch.path, 'no-broker.json');
  const url = `mqtt://127.0.0.1:${await freePort()}`;
  const args = ['run', '--model', tiny, '--broker', url, '--duration', '4', '--report', file];
  const program = new Edgepool(args);
  const ended = await program.end();
  assert.equal(ended.status, 0);
  const warnings = program.lines().filter(({ level }) => level === 'warn');
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]?.msg ?? '', /^broker mqtt:.* is away \(.*\): the stream goes on/);
  const { frames, mqtt } = readReport(file);
  assert.ok(frames.completed >= 110, `${frames.completed} frames in 4 s`);
  assert.equal(mqtt.connected, false);
  assert.equal(mqtt.published, 0);
  // A state and at most one result each second, and at the end the events kept for the broker.
  assert.ok(mqtt.dropped >= 5 && mqtt.dropped <= 12, `${mqtt.dropped} dropped`);
});

test('a broker that dies and returns is found again while the stream goes on', async () => {
  const file = join(scratch.path, 'broker-back.json');
  const broker = new Mosquitto(await freePort());
  await broker.start();
  const args = ['run', '--model', tiny, '--broker', broker.url, '--report', file];
  const program = new Edgepool(args, { environment: { EDGEPOOL_DEVICE: 'board' } });
  await program.says('ready');
  await broker.kill();
  await until('a drop', () =>
    program.lines().some((line) => JSON.stringify(line).includes('"connected":false')),
  );
  await broker.start();
  const observer = await Observer.listen(broker.url);
  await observer.hears('edgepool/board/availability', 'online');
  await until('a state', () => observer.on('edgepool/board/state').length > 0);
  program.child.kill('SIGTERM');
  assert.equal((await program.end()).status, 0);
  await observer.close();
  await broker.remove();
  const { frames, mqtt } = readReport(file);
  assert.equal(frames.dropped.no_slot, 0);
  assert.ok(frames.fps >= 29, `${frames.fps} fps`);
  assert.equal(mqtt.connected, true);
  assert.ok(mqtt.dropped >= 1);
});
