import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { conv, type MapShape } from '../../scripts/models/kernels.ts';
import { Random } from '../../scripts/models/random.ts';
import { backward, convolve, forward } from '../../scripts/models/shapes/convolution.ts';
import { ANCHOR, BOX_SCALES, GRID } from '../../scripts/models/shapes/network.ts';
import { CLASSES, drawScene } from '../../scripts/models/shapes/scene.ts';
import { targetsOf } from '../../scripts/models/shapes/targets.ts';
import { seeds } from '../support/random.ts';

/** Kernel, stride, height, width, channels, filters. */
const CASES = [
  [4, 4, 12, 16, 3, 5],
  [3, 2, 7, 8, 2, 3],
  [3, 1, 5, 6, 4, 2],
  [1, 1, 3, 3, 3, 7],
] as const;

function near(is: Float32Array | number[], should: Float32Array | number[], what: string): void {
  assert.equal(is.length, should.length, what);
  is.forEach((value, i) => {
    const off = Math.abs(value - (should[i] as number));
    assert.ok(off < 1e-4, `${what}: ${value} for ${should[i]} at ${i}`);
  });
}

test('the trainer convolves as the model maker does', () => {
  const random = new Random(1);
  for (const [kernel, stride, height, width, channels, filters] of CASES) {
    const shape = { batch: 2, height, width, channels, filters, kernel, stride };
    const map: MapShape = [height, width, channels];
    const pictures = [0, 1].map(() => random.fill(height * width * channels, 1));
    const filter = random.fill(filters * kernel * kernel * channels, 1);
    const input = Float32Array.from(pictures.flatMap((picture) => [...picture]));
    const wanted = pictures.flatMap((x) => [...conv(x, map, filter, filters, { kernel, stride })]);
    const what = `kernel ${kernel}, stride ${stride}`;
    near(forward(input, filter, shape), wanted, what);
    const x = tf.tensor4d(input, [2, height, width, channels]);
    const w = tf.tensor4d(filter, [filters, kernel, kernel, channels]);
    near(convolve(x, w, stride).dataSync<'float32'>(), wanted, what);
  }
});

test('its slopes are the differences that a step in each value makes', () => {
  const random = new Random(2);
  for (const [kernel, stride, height, width, channels, filters] of CASES) {
    const shape = { batch: 1, height, width, channels, filters, kernel, stride };
    const input = random.fill(height * width * channels, 1);
    const filter = random.fill(filters * kernel * kernel * channels, 1);
    const slopes = random.fill(forward(input, filter, shape).length, 1);
    const sum = (): number =>
      forward(input, filter, shape).reduce((all, y, i) => all + y * (slopes[i] as number), 0);
    const told = backward(input, filter, slopes, shape);
    for (const [values, slope] of [
      [input, told.input],
      [filter, told.filter],
    ] as const) {
      // The sum is linear in each value: a step of 1 shows the slope itself.
      const steps = Array.from(values, (value, i) => {
        const before = sum();
        values[i] = value + 1;
        const after = sum();
        values[i] = value;
        return after - before;
      });
      near(slope, steps, `kernel ${kernel}, stride ${stride}`);
    }
  }
});

test('every shape that can be seen has a place that must find it, with its own box', () => {
  for (const seed of seeds(20)) {
    const scene = drawScene(new Random(seed));
    const { boxes, classes, positive } = targetsOf(scene);
    const width = CLASSES.length + 1;
    for (let place = 0; place < GRID * GRID; place++) {
      const label = classes.slice(place * width, (place + 1) * width).indexOf(1) - 1;
      assert.equal(label >= 0, positive[place] === 1, `seed ${seed}, place ${place}`);
      if (label < 0) continue;
      const shape = scene.shapes.find(({ colour }) => colour === label);
      assert.ok(shape, `seed ${seed}`);
      const [dy = 0, , dh = 0] = boxes.slice(place * 4, place * 4 + 4);
      const middle = (Math.floor(place / GRID) + 0.5) / GRID + (dy / BOX_SCALES[0]) * ANCHOR;
      near([middle], [shape.y + shape.height / 2], `seed ${seed}, middle`);
      near([Math.exp(dh / BOX_SCALES[2]) * ANCHOR], [shape.height], `seed ${seed}, height`);
    }
    const topmost = scene.shapes.at(-1);
    const found = Array.from(positive).some(
      (one, place) => one === 1 && classes[place * width + 1 + (topmost?.colour ?? 0)] === 1,
    );
    assert.ok(found, `seed ${seed}: nothing must find the topmost shape`);
  }
});
