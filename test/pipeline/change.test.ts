import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { PatternSource } from '../../app/frames/pattern-source.ts';
import type { LaneOptions } from '../../app/pipeline/lane.ts';
import { slotsFor } from '../../app/pipeline/pipeline.ts';
import { UnknownName } from '../../app/pipeline/unknown-name.ts';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import { House } from '../support/house.ts';
import { ROOT } from '../support/root.ts';
import { Stream } from '../support/stream.ts';

const FPS = 60;
const house = new House(64);
before(() => house.start());
afterEach(() => house.clear());
after(() => house.stop());

async function lane(name: string, more: Partial<LaneOptions> = {}): Promise<LaneOptions> {
  const model = await house.load({ name, source: `${ROOT}build/models/tiny.tflite` }, 8);
  const rest = { every: 1, deadlineMs: null, priority: 0, fit: 'stretch', mean: null, std: null };
  return { model, ...rest, ...more } as LaneOptions;
}

async function streamOf(lanes: readonly LaneOptions[], cpus: number[] = []): Promise<Stream> {
  const source = new PatternSource(house.region.native, {
    width: 320,
    height: 240,
    fps: FPS,
    seed: 7,
  });
  const stream = new Stream(house, { source, fps: FPS, lanes, cpus, slots: slotsFor(3) });
  await stream.start();
  return stream;
}

const numbers = (stream: Stream, name: string) =>
  stream.results.filter(({ model }) => model === name).map(({ number }) => number);

/** So many more answers of a model. */
function more(stream: Stream, name: string, count: number): Promise<void> {
  const wanted = numbers(stream, name).length + count;
  return stream.until(() => numbers(stream, name).length >= wanted);
}

/** What a model was due on and has neither answered nor been seen to drop: none. */
function assertMissedNone(stream: Stream, name: string, { models, sources }: Snapshot): void {
  const given = numbers(stream, name);
  const drops = Object.values(models.find((model) => model.name === name)?.dropped ?? {});
  const dropped = drops.reduce((sum, count) => sum + count, 0);
  assert.equal(given.length + dropped, sources[0]?.captured);
  assert.equal(new Set(given).size, given.length);
}

test('a model comes and goes while frames flow, and the other one misses none', async () => {
  const stays = await lane('stays');
  const stream = await streamOf([stays]);
  await more(stream, 'stays', 10);
  for (const name of ['first', 'second']) {
    const options = await lane(name);
    await stream.pipeline.addLane(options);
    await more(stream, name, 10);
    await stream.pipeline.removeLane(name);
    const said = numbers(stream, name).length;
    await options.model.stop();
    await more(stream, 'stays', 5);
    assert.equal(numbers(stream, name).length, said);
  }
  const snapshot = (await stream.stop()) as Snapshot;
  assert.deepEqual(
    snapshot.models.map(({ name }) => name),
    ['stays'],
  );
  assertMissedNone(stream, 'stays', snapshot);
  assert.equal(snapshot.models[0]?.steady_state.minor_faults, 0);
  assert.ok((snapshot.models[0]?.steady_state.frames_covered ?? 0) >= 30);
  assert.equal(snapshot.steady_state.foreign_allocations, 0);
  assert.deepEqual(stream.errors, []);
});

test('turns are changed while frames flow', async () => {
  const stream = await streamOf([await lane('changed')]);
  await more(stream, 'changed', 5);
  stream.pipeline.adjust('changed', { every: 4, priority: 3, deadlineMs: 500 });
  await more(stream, 'changed', 2);
  const from = stream.results.length;
  await more(stream, 'changed', 6);
  const schedule = { every: 4, fps: null, priority: 3, deadline_ms: 500 };
  assert.deepEqual(stream.pipeline.snapshot().models?.[0]?.schedule, schedule);
  const later = numbers(stream, 'changed').slice(from);
  const steps = later.slice(1).map((number, index) => number - (later[index] ?? 0));
  assert.ok(
    steps.every((step) => step % 4 === 0),
    `steps of ${steps}`,
  );
  stream.pipeline.adjust('changed', { fps: 5 });
  assert.equal(stream.pipeline.snapshot().models?.[0]?.schedule.fps, 5);
  await stream.stop();
});

test('a source that is started again goes on with its numbers', async () => {
  const stream = await streamOf([await lane('model')]);
  await more(stream, 'model', 5);
  await Promise.all([
    stream.pipeline.restartSource('camera'),
    stream.pipeline.restartSource('camera'),
  ]);
  await more(stream, 'model', 10);
  const snapshot = (await stream.stop()) as Snapshot;
  const given = numbers(stream, 'model');
  assert.deepEqual(
    given,
    [...given].sort((a, b) => a - b),
  );
  assertMissedNone(stream, 'model', snapshot);
  assert.equal(snapshot.frames.dropped.source, 0);
});

test('frames get another size while they flow', async () => {
  const stream = await streamOf([await lane('model')]);
  await more(stream, 'model', 3);
  for (const [width, height] of [
    [160, 120],
    [1280, 720],
  ] as const) {
    await stream.pipeline.setSourceSize('camera', width, height);
    await more(stream, 'model', 5);
    const [source] = stream.pipeline.snapshot().sources ?? [];
    assert.deepEqual([source?.width, source?.height], [width, height]);
  }
  await more(stream, 'model', 3);
  await stream.stop();
});

test('whoever names what does not run is told what does', async () => {
  const stream = await streamOf([await lane('model')]);
  const { pipeline } = stream;
  const message = 'no model has the name other; there are: model';
  assert.throws(() => pipeline.adjust('other', { every: 2 }), { name: 'UnknownName', message });
  await assert.rejects(pipeline.removeLane('other'), { name: 'UnknownName', message });
  await assert.rejects(pipeline.restartSource('front'), UnknownName);
  await assert.rejects(pipeline.setSourceSize('front', 64, 64), UnknownName);
  await assert.rejects(pipeline.addLane(await lane('model')), /has frames already/);
  await stream.stop();
});

/** Niceness and processors of a thread, as the kernel has them. */
function kernelOf(name: string): { nice: number; cpus: string } {
  for (const id of readdirSync('/proc/self/task')) {
    const task = `/proc/self/task/${id}`;
    if (readFileSync(`${task}/comm`, 'utf8').trim() !== `ep-${name}`) continue;
    const fields = readFileSync(`${task}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const cpus = /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync(`${task}/status`, 'utf8'))?.[1];
    return { nice: Number(fields[16]), cpus: cpus ?? '' };
  }
  return assert.fail(`no thread ep-${name}`);
}

test('the thread that captures runs where it is told to, after a restart too', async () => {
  const first = Number(
    /Cpus_allowed_list:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1],
  );
  const stream = await streamOf([await lane('model')], [first]);
  await more(stream, 'model', 2);
  assert.equal(kernelOf('capture').cpus, String(first));
  await stream.pipeline.restartSource('camera');
  await more(stream, 'model', 2);
  assert.equal(kernelOf('capture').cpus, String(first));
  assert.deepEqual(stream.errors, []);
  await stream.stop();
});

test('threads yield by priority and run where they are told to, as the kernel has it', async () => {
  const first = Number(
    /Cpus_allowed_list:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1],
  );
  const high = await lane('high', { priority: 5, cpus: [first] });
  const middle = await lane('middle', { priority: 1 });
  const low = await lane('low', { priority: -3, cpus: [63] });
  const stream = await streamOf([low, middle, high]);
  await more(stream, 'low', 3);
  assert.deepEqual(kernelOf('high'), { nice: 0, cpus: String(first) });
  assert.equal(kernelOf('middle').nice, 10);
  assert.equal(kernelOf('low').nice, 19);
  assert.match(stream.errors[0] ?? '', /^low: processors 63: refused, the cpuset of this program/);
  stream.pipeline.adjust('high', { priority: -9 });
  assert.equal(kernelOf('high').nice, 19);
  await stream.stop();
});
