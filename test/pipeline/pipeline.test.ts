import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { PatternSource } from '../../app/frames/pattern-source.ts';
import { StillSource } from '../../app/frames/still-source.ts';
import { loadLabels } from '../../app/models/labels.ts';
import type { Model } from '../../app/models/model.ts';
import type { LaneOptions } from '../../app/pipeline/lane.ts';
import type { FramesSnapshot, Snapshot } from '../../app/stats/snapshot.ts';
import { House } from '../support/house.ts';
import { type MODELS, modelFile, shared, testWithShared } from '../support/shared.ts';
import { Stream, type StreamOptions } from '../support/stream.ts';

const house = new House(128);
before(() => house.start());
afterEach(() => house.clear());
after(() => house.stop());

const CAT = 'tf2_mobilenet_v2_1.0_224_ptq';

async function load(name: (typeof MODELS)[number]): Promise<Model> {
  return house.load({ name, source: modelFile(name) }, 16);
}

function lane(model: Model, more: Partial<LaneOptions> = {}): LaneOptions {
  const rest = { every: 1, deadlineMs: null, priority: 0, fit: 'stretch', mean: null, std: null };
  return { model, ...rest, ...more } as LaneOptions;
}

function pattern(fps: number): PatternSource {
  return new PatternSource(house.region.native, { width: 320, height: 240, fps, seed: 7 });
}

async function run(
  options: StreamOptions,
  enough: (stream: Stream) => boolean,
): Promise<{ stream: Stream; snapshot: Snapshot }> {
  const stream = new Stream(house, options);
  await stream.start();
  await stream.until(() => enough(stream));
  const snapshot = (await stream.stop()) as Snapshot;
  return { stream, snapshot };
}

/** Answers and drops of one model's turns: what was due on captured frames. */
function turns({ results, errors }: Stream, { dropped }: FramesSnapshot): number {
  return results.length + errors.length + dropped.superseded + dropped.stopping;
}

testWithShared(
  'every frame that a model keeps up with is answered, once and in order',
  async () => {
    const model = await load('vww_96_int8');
    const fps = 60;
    const options = { source: pattern(fps), fps, lanes: [lane(model)] };
    const { stream, snapshot } = await run(options, ({ results }) => results.length >= 60);
    const { frames } = snapshot;
    const numbers = stream.results.map((result) => result.number);
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
    );
    assert.equal(turns(stream, frames), frames.captured);
    assert.equal(frames.completed, stream.results.length);
    assert.ok(Math.abs(frames.camera_fps - fps) < fps / 20, `${frames.camera_fps} a second`);
    assert.equal(snapshot.models[0]?.invokes, stream.results.length);
    assert.deepEqual(snapshot.models[0]?.top, stream.results.at(-1)?.top[0]);
    for (const { latency_ms, invoke_ms } of stream.results) {
      assert.ok(latency_ms >= invoke_ms && invoke_ms > 0);
    }
    assert.ok(snapshot.frame_latency_ms.p50 <= snapshot.frame_latency_ms.max);
    assert.ok(snapshot.conversion_ms.p50 > 0);
  },
);

testWithShared('while frames flow nothing faults and nothing is allocated elsewhere', async () => {
  const lanes = [lane(await load('vww_96_int8')), lane(await load('mobilenet_v1_0.25_128_quant'))];
  const options = { source: pattern(60), fps: 60, lanes };
  const { snapshot } = await run(options, ({ results }) => results.length >= 240);
  const { frames_covered, minor_faults, foreign_allocations } = snapshot.steady_state;
  assert.ok(frames_covered > 60, `${frames_covered} frames covered`);
  assert.equal(minor_faults, 0);
  assert.equal(foreign_allocations, 0);
});

testWithShared('models of different turns run side by side, each on its own frames', async () => {
  const every = lane(await load('vww_96_int8'));
  const third = lane(await load('vww_96_float'), { every: 3 });
  const another = lane(await load('mobilenet_v1_0.25_128_quant'), { every: 3 });
  const options = { source: pattern(60), fps: 60, lanes: [every, third, another] };
  const { stream } = await run(options, ({ results }) => results.length >= 150);
  const numbers = (name: string) =>
    stream.results.filter(({ model }) => model === name).map(({ number }) => number);
  assert.ok(numbers('vww_96_float').every((number) => (number - 1) % 3 === 1));
  assert.ok(numbers('mobilenet_v1_0.25_128_quant').every((number) => (number - 1) % 3 === 2));
  assert.ok(numbers('vww_96_int8').some((number) => (number - 1) % 3 === 0));
});

testWithShared(
  'for a model that is too slow the newest frame wins and the others count',
  async () => {
    const slow = lane(
      await house.load({ name: 'slow', source: modelFile(CAT), delegate: 'none' }, 16),
    );
    const options = { source: pattern(120), fps: 120, lanes: [slow] };
    const { stream, snapshot } = await run(options, ({ results }) => results.length >= 8);
    const { frames, deadline_hit_ratio } = snapshot;
    assert.ok(frames.dropped.superseded > 0);
    assert.equal(turns(stream, frames), frames.captured);
    assert.equal(frames.completed, stream.results.length);
    const inTime = stream.results.filter((result) => result.in_time).length;
    assert.equal(deadline_hit_ratio, inTime / frames.captured);
    assert.ok(deadline_hit_ratio < 0.5);
  },
);

testWithShared('a slow model costs a fast one none of its frames', async () => {
  const fast = lane(await load('vww_96_int8'), { priority: 1 });
  const model = await house.load({ name: 'slow', source: modelFile(CAT), delegate: 'none' }, 16);
  // It answers at most every other frame, however fast the machine is.
  const fps = Math.ceil(2e9 / model.invokeNow().duration_ns);
  const options = { source: pattern(fps), fps, lanes: [lane(model), fast] };
  const count = ({ results }: Stream, name: string) =>
    results.filter(({ model }) => model === name).length;
  const { stream, snapshot } = await run(options, (s) => count(s, 'vww_96_int8') >= 45);
  assert.ok(count(stream, 'slow') < count(stream, 'vww_96_int8'));
  assert.ok(count(stream, 'vww_96_int8') >= snapshot.frames.captured * 0.9);
});

testWithShared(
  'a camera that finds no slot loses frames, which are counted as misses',
  async () => {
    const slow = lane(
      await house.load({ name: 'slow', source: modelFile(CAT), delegate: 'none' }, 16),
    );
    const options = { source: pattern(120), fps: 120, lanes: [slow], slots: 2 };
    const { stream, snapshot } = await run(options, ({ results }) => results.length >= 8);
    const { frames, deadline_hit_ratio } = snapshot;
    assert.ok(frames.dropped.no_slot > 0);
    const inTime = stream.results.filter((result) => result.in_time).length;
    const due = frames.captured + frames.dropped.no_slot;
    assert.equal(deadline_hit_ratio, inTime / due);
  },
);

testWithShared('a model that cannot take a picture says so and the others go on', async () => {
  const good = lane(await load('vww_96_int8'));
  const bad = lane(await load('dtln_noise_suppression'));
  const options = { source: pattern(60), fps: 60, lanes: [bad, good] };
  const { stream, snapshot } = await run(options, ({ results }) => results.length >= 20);
  assert.ok(stream.errors.length > 0);
  assert.ok(stream.errors.every((message) => message.startsWith('dtln_noise_suppression: ')));
  assert.equal(snapshot.frames.dropped.error, stream.errors.length);
  assert.equal(snapshot.frames.completed, 0);
  assert.ok(stream.results.every(({ model }) => model === 'vww_96_int8'));
});

testWithShared('after a stop no slot is held and nothing is said any more', async () => {
  const model = await house.load({ name: 'slow', source: modelFile(CAT), delegate: 'none' }, 16);
  const stream = new Stream(house, { source: pattern(120), fps: 120, lanes: [lane(model)] });
  await stream.start();
  await stream.until(() => stream.results.length >= 3);
  await stream.pipeline.stop();
  await stream.pipeline.stop();
  assert.equal(stream.ring.held, 0);
  const said = stream.results.length;
  const { frames } = (await stream.stop()) as Snapshot;
  assert.equal(stream.results.length, said);
  assert.equal(turns(stream, frames), frames.captured);
});

testWithShared('the same models can be streamed again', async () => {
  const model = await load('vww_96_int8');
  for (let round = 0; round < 3; round += 1) {
    const options = { source: pattern(120), fps: 120, lanes: [lane(model)] };
    const { stream } = await run(options, ({ results }) => results.length >= 10);
    assert.deepEqual(stream.errors, []);
  }
});

testWithShared('a photograph of a cat is seen as one', async () => {
  const labels = await loadLabels(shared('models', 'imagenet_labels.txt'));
  const lanes = [lane(await load(CAT), { every: 2, answers: { labels } })];
  for (const picture of ['cat_720p.jpg', 'cat_1080p.jpg']) {
    const path = shared('media', picture);
    const source = new StillSource(house.region.native, { path, fps: 30, eachSeconds: 0 });
    const { stream } = await run({ source, fps: 30, lanes }, ({ results }) => results.length >= 3);
    assert.ok(stream.results.every(({ top }) => top[0]?.label === 'Egyptian cat'));
  }
});

testWithShared('a photograph of a person is seen as one, by both forms of the model', async () => {
  const path = shared('media', 'grace_hopper.bmp');
  // The float form was trained on 0 to 1, not on the -1 to 1 of the automatic conversion.
  const float = lane(await load('vww_96_float'), { mean: [0], std: [255] });
  const lanes = [lane(await load('vww_96_int8')), float];
  const source = new StillSource(house.region.native, { path, fps: 30, eachSeconds: 0 });
  const { stream } = await run({ source, fps: 30, lanes }, ({ results }) => results.length >= 6);
  for (const { model, top } of stream.results) {
    assert.equal(top[0]?.label, 'class 1', `${model}: ${JSON.stringify(top)}`);
  }
});

testWithShared('a picture that cannot be read is refused by name before anything starts', () => {
  const path = shared('media', 'none.jpg');
  const source = new StillSource(house.region.native, { path, fps: 30, eachSeconds: 0 });
  assert.throws(
    () => source.probe(),
    (error: Error) => error.message.includes(path),
  );
});
