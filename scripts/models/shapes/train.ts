import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { type Convolution, constantOf, type Graph, tensorOf } from '../graph.ts';
import { Random } from '../random.ts';
import { convolve } from './convolution.ts';
import { GRID } from './network.ts';
import { CLASSES, drawScene, SIDE } from './scene.ts';
import { targetsOf } from './targets.ts';

export interface TrainingOptions {
  steps: number;
  batch: number;
  /** Of the pictures. */
  seed: number;
  onStep?: (step: number, loss: number) => void;
}

const HIGHEST_RATE = 4e-3;
/** Boxes count as much as classes. */
const BOX_WEIGHT = 1;
/** There are some fifteen places without a shape for each that has one. */
const POSITIVE_WEIGHT = 4;

type Shape4 = [number, number, number, number];

interface Layer {
  operator: Convolution;
  filter: tf.Variable<tf.Rank.R4>;
  bias: tf.Variable<tf.Rank.R1>;
}

interface Batch {
  pixels: tf.Tensor4D;
  boxes: tf.Tensor2D;
  classes: tf.Tensor2D;
  positive: tf.Tensor1D;
  boxWeight: tf.Tensor1D;
  weight: tf.Tensor1D;
}

/** Trains the graph's filters and biases in place, with Adam and a rate that falls as a cosine. */
export async function train(graph: Graph, options: TrainingOptions): Promise<void> {
  await tf.setBackend('cpu');
  const layers = graph.operators.map((operator) => layerOf(graph, operator as Convolution));
  const optimiser = tf.train.adam(HIGHEST_RATE);
  const random = new Random(options.seed);
  for (let step = 0; step < options.steps; step++) {
    // The rate is the optimiser's own field, which has no setter.
    Object.assign(optimiser, { learningRate: HIGHEST_RATE * schedule(step, options.steps) });
    const loss = tf.tidy(() => {
      const batch = makeBatch(random, options.batch);
      const { value, grads } = tf.variableGrads(() => lossOf(graph, layers, batch));
      optimiser.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
      return value.dataSync()[0] as number;
    });
    options.onStep?.(step, loss);
  }
  for (const { operator, filter, bias } of layers) {
    constantOf(graph, operator.filter).set(filter.dataSync());
    constantOf(graph, operator.bias).set(bias.dataSync());
  }
  tf.disposeVariables();
}

/** A short rise, then half a cosine. */
function schedule(step: number, steps: number): number {
  const rise = Math.min(1, (step + 1) / 20);
  return rise * (0.5 + 0.5 * Math.cos((Math.PI * step) / steps));
}

function layerOf(graph: Graph, operator: Convolution): Layer {
  const { shape } = tensorOf(graph, operator.filter);
  const filter = tf.tensor<tf.Rank.R4>(constantOf(graph, operator.filter), shape as Shape4);
  return {
    operator,
    filter: tf.variable(filter),
    bias: tf.variable(tf.tensor1d(constantOf(graph, operator.bias))),
  };
}

function makeBatch(random: Random, size: number): Batch {
  const scenes = Array.from({ length: size }, () => drawScene(random));
  const targets = scenes.map(targetsOf);
  const joined = (arrays: Float32Array[]): Float32Array => {
    const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const array of arrays) {
      all.set(array, at);
      at += array.length;
    }
    return all;
  };
  const places = size * GRID * GRID;
  return {
    pixels: tf.tensor4d(joined(scenes.map(({ pixels }) => pixels)), [size, SIDE, SIDE, 3]),
    boxes: tf.tensor2d(joined(targets.map(({ boxes }) => boxes)), [places, 4]),
    classes: tf.tensor2d(joined(targets.map(({ classes }) => classes)), [
      places,
      CLASSES.length + 1,
    ]),
    positive: tf.tensor1d(joined(targets.map(({ positive }) => positive))),
    boxWeight: tf.tensor1d(joined(targets.map(({ boxWeight }) => boxWeight))),
    weight: tf.tensor1d(joined(targets.map(({ weight }) => weight))),
  };
}

/** Cross-entropy of the classes and, where there is a box, the Huber loss of its offsets. */
function lossOf(graph: Graph, layers: Layer[], batch: Batch): tf.Scalar {
  const values = new Map<number, tf.Tensor4D>([[graph.input, batch.pixels]]);
  for (const { operator, filter, bias } of layers) {
    const input = values.get(operator.input) as tf.Tensor4D;
    const sum = tf.add(convolve(input, filter, operator.stride), bias) as tf.Tensor4D;
    values.set(operator.output, operator.activation === 'relu' ? tf.relu(sum) : sum);
  }
  const [boxes, logits] = graph.outputs.map((index) => values.get(index) as tf.Tensor4D);
  const perPlace = tf.neg(
    tf.sum(
      tf.mul(
        batch.classes,
        tf.logSoftmax(tf.reshape(logits as tf.Tensor4D, [-1, CLASSES.length + 1])),
      ),
      1,
    ),
  );
  const weight = tf.add(batch.weight, tf.mul(batch.positive, POSITIVE_WEIGHT - 1));
  const classLoss = tf.div(tf.sum(tf.mul(perPlace, weight)), tf.sum(weight));
  const off = tf.abs(tf.sub(tf.reshape(boxes as tf.Tensor4D, [-1, 4]), batch.boxes));
  const near = tf.minimum(off, 1);
  const huber = tf.add(tf.mul(tf.square(near), 0.5), tf.sub(off, near));
  const boxLoss = tf.div(
    tf.sum(tf.mul(tf.mean(huber, 1), batch.boxWeight)),
    tf.sum(batch.positive),
  );
  return tf.add(classLoss, tf.mul(boxLoss, BOX_WEIGHT)) as tf.Scalar;
}
