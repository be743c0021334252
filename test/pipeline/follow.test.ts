/** A model whose input follows the frames, while they flow and change size. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PatternSource } from '../../app/frames/pattern-source.ts';
import { Pool } from '../../app/memory/pool.ts';
import { Model } from '../../app/models/model.ts';
import type { LaneOptions } from '../../app/pipeline/lane.ts';
import { FloatEmitter } from '../../scripts/models/float-emitter.ts';
import { openModel } from '../support/answer-models.ts';
import { House, MIB } from '../support/house.ts';
import { ROOT } from '../support/root.ts';
import { Stream } from '../support/stream.ts';

const house = new House(96);
before(() => house.start());
after(() => house.stop());

const turns = { every: 1, deadlineMs: null, priority: 0, mean: null, std: null };
const laneOf = (model: Model): LaneOptions => ({ model, ...turns, fit: 'stretch' });

test('it grows and shrinks with its source, and the other model is not disturbed', async () => {
  const pool = new Pool(house.region, { name: 'open', quotaBytes: 2 * MIB, windowBytes: 32 * MIB });
  await pool.start();
  const source = new FloatEmitter(openModel(7, 64, 64)).file('open');
  const model = new Model(house.runtime, pool, { name: 'open', source });
  await model.start();
  const tiny = await house.load({ name: 'tiny', source: `${ROOT}build/models/tiny.tflite` }, 8);
  const pattern = new PatternSource(house.region.native, {
    width: 160,
    height: 120,
    fps: 30,
    seed: 1,
  });
  const stream = new Stream(house, {
    source: pattern,
    fps: 30,
    lanes: [laneOf(model), laneOf(tiny)],
  });
  await stream.start();
  const answers = (name: string) => stream.results.filter((result) => result.model === name);
  const mapped: number[] = [];
  for (const [width, height] of [
    [0, 0],
    [640, 480],
    [160, 120],
    [640, 360],
  ] as const) {
    if (width > 0) await stream.pipeline.setSourceSize('camera', width, height);
    const size = width > 0 ? { width, height } : { width: 160, height: 120 };
    await stream.until(() => model.pictureSize.width === size.width || stream.errors.length > 0);
    const wanted = answers('open').length + 5;
    await stream.until(() => answers('open').length >= wanted || stream.errors.length > 0);
    assert.deepEqual(stream.errors, []);
    assert.deepEqual(model.pictureSize, size);
    mapped.push(pool.stats().mapped_bytes);
  }
  const [small = 0, large = 0, again = 0, wide = 0] = mapped;
  assert.ok(large > small + MIB && wide > small + MIB, mapped.join(' '));
  assert.ok(again <= small + 65536, mapped.join(' '));
  const { models } = await stream.stop();
  assert.equal(models?.find(({ name }) => name === 'tiny')?.dropped.error, 0);
  assert.ok(answers('tiny').length >= answers('open').length);
  await model.stop();
  await pool.stop();
  await house.clear();
});
