import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { type AnswerSettings, DEFAULT_ANSWERS } from '../../app/models/answers/answer-reader.ts';
import { chooseReader, taskOf } from '../../app/models/answers/choose.ts';
import { View } from '../../app/models/answers/view.ts';
import type { Model } from '../../app/models/model.ts';
import type { Box } from '../../app/stats/answer.ts';
import { finishedDetector, GRID, headsModel } from '../support/answer-models.ts';
import { House } from '../support/house.ts';
import { Random, seeds } from '../support/random.ts';

const house = new House(32);
before(() => house.start());
afterEach(() => house.clear());
after(() => house.stop());

const WHOLE = new View('stretch', { width: 1, height: 1 }, { width: 1, height: 1 });

async function loaded(source: Uint8Array, seed: number): Promise<Model> {
  const model = await house.load({ name: 'made', source }, 4);
  const random = new Random(seed);
  const input = Float32Array.from({ length: 48 * 48 * 3 }, () => random.next() * 2 - 1);
  model.writeInput(0, new Uint8Array(input.buffer));
  await model.invoke();
  return model;
}

function answer(model: Model, settings: Partial<AnswerSettings>) {
  const all = { ...DEFAULT_ANSWERS, ...settings };
  const reader = chooseReader(model.name, model.inputs[0]?.shape ?? [], model.outputs, all);
  return reader.read((index) => model.readOutput(index), WHOLE);
}

function tensorOf(model: Model, index: number): tf.Tensor {
  const { values, info } = model.readOutput(index);
  return tf.tensor(Array.from(values ?? [], Number), info.shape);
}

const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-5;
const sameBox = (box: Box, [top, left, bottom, right]: readonly number[]): boolean =>
  [box.x - (left ?? 0), box.y - (top ?? 0)].every((off) => near(off, 0)) &&
  near(box.x + box.width, right ?? 0) &&
  near(box.y + box.height, bottom ?? 0);

/** Boxes of raw offsets, with tfjs: rows of top, left, bottom, right, cut to the picture. */
function decoded(offsets: tf.Tensor, side: number): tf.Tensor2D {
  const rows = tf.reshape(offsets, [GRID * GRID, 4]);
  const [y, x, height, width] = tf.split(rows, 4, 1) as tf.Tensor[];
  const line = tf.div(tf.add(tf.range(0, GRID), 0.5), GRID);
  const [gridX, gridY] = tf.meshgrid(line, line) as [tf.Tensor, tf.Tensor];
  const column = (grid: tf.Tensor) => tf.reshape(grid, [-1, 1]);
  const middleY = tf.add(column(gridY), tf.mul(tf.div(y as tf.Tensor, 10), side));
  const middleX = tf.add(column(gridX), tf.mul(tf.div(x as tf.Tensor, 10), side));
  const halfHeight = tf.mul(tf.exp(tf.div(height as tf.Tensor, 5)), side / 2);
  const halfWidth = tf.mul(tf.exp(tf.div(width as tf.Tensor, 5)), side / 2);
  return tf.clipByValue(
    tf.concat(
      [
        tf.sub(middleY, halfHeight),
        tf.sub(middleX, halfWidth),
        tf.add(middleY, halfHeight),
        tf.add(middleX, halfWidth),
      ],
      1,
    ),
    0,
    1,
  ) as tf.Tensor2D;
}

test('raw detections are those that tfjs finds with its own decoding and suppression', async () => {
  for (const seed of seeds(3)) {
    const model = await loaded(headsModel(seed, [4, 5]), seed);
    const settings = { anchors: { side: 0.3 }, score: 0.2, overlap: 0.4 };
    const { detections = [] } = answer(model, settings);
    const boxes = decoded(tensorOf(model, 0), 0.3);
    const scores = tf.softmax(tf.reshape(tensorOf(model, 1), [-1, 5]));
    const classes = tf.slice(scores, [0, 1], [-1, 4]);
    const best = tf.argMax(classes, 1).arraySync() as number[];
    const bestScores = tf.max(classes, 1).arraySync() as number[];
    const expected: { index: number; score: number; place: number }[] = [];
    for (let index = 0; index < 4; index++) {
      // Class by class, as each has its own suppression.
      const own = bestScores.map((score, place) => (best[place] === index ? score : -1));
      const kept = tf.image.nonMaxSuppression(boxes, own, 100, 0.4, 0.2).arraySync();
      for (const place of kept) expected.push({ index, score: own[place] as number, place });
    }
    expected.sort((a, b) => b.score - a.score);
    assert.ok(expected.length > 3, `seed ${seed} finds too little to compare`);
    assert.equal(detections.length, expected.length, `seed ${seed}`);
    const rows = boxes.arraySync();
    detections.forEach(({ label, score, box }, i) => {
      const { index, score: wanted, place } = expected[i] as (typeof expected)[number];
      assert.equal(label, `class ${index}`, `seed ${seed}, detection ${i}`);
      assert.ok(near(score, wanted), `seed ${seed}: ${score} for ${wanted}`);
      assert.ok(sameBox(box, rows[place] ?? []), `seed ${seed}: ${JSON.stringify(box)}`);
    });
  }
});

test("a finished detector's boxes are those of its operator, doubles taken out", async () => {
  for (const seed of seeds(3)) {
    const model = await loaded(finishedDetector(seed, 3), seed);
    assert.equal(taskOf(model.outputs), 'detection');
    const [boxes, classes, scores, number] = [0, 1, 2, 3].map((i) => tensorOf(model, i));
    const count = (number as tf.Tensor).dataSync()[0] as number;
    assert.ok(count > 0, `seed ${seed} finds nothing`);
    const { detections = [] } = answer(model, { score: 0.4, overlap: 1, labels: ['a', 'b', 'c'] });
    const kept = Array.from((scores as tf.Tensor).dataSync().slice(0, count))
      .map((score, i) => ({ score, i }))
      .filter(({ score }) => score >= 0.4);
    assert.deepEqual(
      detections.map(({ score }) => score),
      kept.map(({ score }) => score),
    );
    const rows = tf.clipByValue(tf.reshape(boxes as tf.Tensor, [-1, 4]), 0, 1);
    const sides = rows.arraySync() as number[][];
    const labels = (classes as tf.Tensor).dataSync();
    detections.forEach(({ label, box }, i) => {
      const { i: row } = kept[i] as (typeof kept)[number];
      assert.equal(label, ['a', 'b', 'c'][labels[row] as number]);
      assert.ok(sameBox(box, sides[row] ?? []), `seed ${seed}: ${JSON.stringify(box)}`);
    });
    const fewer = answer(model, { score: 0.4, overlap: 0.1 }).detections ?? [];
    assert.ok(fewer.length <= detections.length);
  }
});

test('key points of heat maps stand where tfjs finds the highest values', async () => {
  for (const seed of seeds(3)) {
    const model = await loaded(headsModel(seed, [5]), seed);
    const { keypoints = [] } = answer(model, { task: 'keypoints', score: 0, labels: ['nose'] });
    const maps = tf.reshape(tensorOf(model, 0), [GRID * GRID, 5]);
    const places = tf.argMax(maps, 0).arraySync() as number[];
    const scores = tf.sigmoid(tf.max(maps, 0)).arraySync() as number[];
    assert.deepEqual(
      keypoints.map(({ label }) => label),
      ['nose', 'point 1', 'point 2', 'point 3', 'point 4'],
    );
    keypoints.forEach(({ x, y, score }, i) => {
      const place = places[i] as number;
      assert.ok(near(x, ((place % GRID) + 0.5) / GRID), `seed ${seed}, x of point ${i}`);
      assert.ok(near(y, (Math.floor(place / GRID) + 0.5) / GRID), `seed ${seed}, y of point ${i}`);
      assert.ok(near(score, scores[i] as number), `seed ${seed}, score of point ${i}`);
    });
  }
});

test('offsets move key points, in pixels of the input', async () => {
  const model = await loaded(headsModel(5, [3, 6]), 5);
  const { keypoints = [] } = answer(model, { task: 'keypoints', score: 0 });
  const places = tf.argMax(tf.reshape(tensorOf(model, 0), [-1, 3]), 0).arraySync() as number[];
  const offsets = tf.reshape(tensorOf(model, 1), [-1, 6]).arraySync() as number[][];
  keypoints.forEach(({ x, y }, i) => {
    const place = places[i] as number;
    const [dy, dx] = [offsets[place]?.[i] as number, offsets[place]?.[i + 3] as number];
    const pixel = (cell: number): number => (cell * 47) / (GRID - 1);
    assert.ok(near(x * 48, pixel(place % GRID) + dx), `x of point ${i}`);
    assert.ok(near(y * 48, pixel(Math.floor(place / GRID)) + dy), `y of point ${i}`);
  });
});

test('a mask says how much is of which class and where, as tfjs counts it', async () => {
  for (const seed of seeds(3)) {
    const model = await loaded(headsModel(seed, [4]), seed);
    const { mask = [], top } = answer(model, {});
    const classes = tf.argMax(tf.reshape(tensorOf(model, 0), [GRID, GRID, 4]), 2);
    const counts = [0, 1, 2, 3].map((c) => tf.sum(tf.equal(classes, c)).arraySync() as number);
    assert.equal(mask.length, counts.filter((count) => count > 0).length, `seed ${seed}`);
    for (const { label, share, box } of mask) {
      const index = Number(label.split(' ')[1]);
      assert.ok(near(share, (counts[index] as number) / GRID ** 2), `seed ${seed}, ${label}`);
      const own = tf.equal(classes, index);
      const extent = (axis: number): [number, number] => {
        const line = (tf.any(own, axis).arraySync() as number[]).map(Boolean);
        return [line.indexOf(true) / GRID, (line.lastIndexOf(true) + 1) / GRID];
      };
      const [[left, right], [upper, lower]] = [extent(0), extent(1)];
      assert.ok(sameBox(box, [upper, left, lower, right]), `seed ${seed}, ${label}`);
    }
    assert.equal(top[0]?.label, mask[0]?.label);
  }
});

test('what a model finds is told in the frame, however the frame was laid into its input', () => {
  const input = { width: 100, height: 100 };
  const frame = { width: 1600, height: 800 };
  const corners = (fit: 'stretch' | 'crop' | 'letterbox') => {
    const view = new View(fit, frame, input);
    return [view.x(0), view.y(0), view.x(1), view.y(1)];
  };
  assert.deepEqual(corners('stretch'), [0, 0, 1, 1]);
  assert.deepEqual(corners('crop'), [0.25, 0, 0.75, 1]);
  assert.deepEqual(corners('letterbox'), [0, -0.5, 1, 1.5]);
  const letterbox = new View('letterbox', frame, input);
  assert.deepEqual(letterbox.box(0.25, 0, 0.5, 0.5), { x: 0.25, y: 0, width: 0.25, height: 0.5 });
});

test('a task that does not fit the outputs is refused, and says what it needs', async () => {
  const [mask, raw] = [headsModel(1, [4]), headsModel(1, [4, 3])];
  const one = await loaded(mask, 1);
  assert.throws(() => answer(one, { task: 'detection' }), /made: task detection needs boxes/);
  await house.clear();
  const two = await loaded(raw, 1);
  assert.throws(() => answer(two, {}), /made: a detector with raw outputs needs its anchors/);
  const rows = new Float32Array(8);
  assert.throws(() => answer(two, { anchors: { rows } }), /2 anchors for 36 boxes/);
});
