import * as tf from '@tensorflow/tfjs-core';
import { multiply, samePadding } from '../kernels.ts';

export interface Shape {
  batch: number;
  height: number;
  width: number;
  channels: number;
  filters: number;
  kernel: number;
  stride: number;
}

/** Places of the output in all pictures, and weights of one filter. */
function sizes({ batch, height, width, channels, kernel, stride }: Shape) {
  const places = batch * Math.ceil(height / stride) * Math.ceil(width / stride);
  return { places, depth: kernel * kernel * channels };
}

/** Input [batch, height, width, in], filter [out, kernel, kernel, in]; padding is SAME. */
export function forward(input: Float32Array, filter: Float32Array, shape: Shape): Float32Array {
  const { places, depth } = sizes(shape);
  return product(gather(input, shape), places, filter, shape.filters, depth);
}

/** How a sum changes with input and filter that changes with each output by `slopes`. */
export function backward(
  input: Float32Array,
  filter: Float32Array,
  slopes: Float32Array,
  shape: Shape,
): { input: Float32Array; filter: Float32Array } {
  const { filters } = shape;
  const { places, depth } = sizes(shape);
  const byFilter = transposed(slopes, places, filters);
  const patches = transposed(gather(input, shape), places, depth);
  const weights = transposed(filter, filters, depth);
  return {
    input: scatter(product(slopes, places, weights, depth, filters), shape),
    filter: product(byFilter, filters, patches, depth, places),
  };
}

/**
 * A convolution with its gradients as three products of matrices, by the model maker's own kernel:
 * tfjs' CPU backend takes each filter's gradient place by place, some ten times as long.
 */
export function convolve(input: tf.Tensor4D, filter: tf.Tensor4D, stride: number): tf.Tensor4D {
  const [batch, height, width, channels] = input.shape;
  const [filters, kernel] = filter.shape;
  const shape = { batch, height, width, channels, filters, kernel, stride };
  const outShape = [batch, Math.ceil(height / stride), Math.ceil(width / stride), filters];
  const operation = tf.customGrad((x, w, save) => {
    (save as tf.GradSaveFunc)([x as tf.Tensor, w as tf.Tensor]);
    return {
      value: tf.tensor(forward(values(x as tf.Tensor), values(w as tf.Tensor), shape), outShape),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [of, by] = saved.map(values) as [Float32Array, Float32Array];
        const slopes = backward(of, by, values(dy), shape);
        return [tf.tensor(slopes.input, input.shape), tf.tensor(slopes.filter, filter.shape)];
      },
    };
  });
  return operation(input, filter) as tf.Tensor4D;
}

const values = (tensor: tf.Tensor): Float32Array => tensor.dataSync<'float32'>();

/** a [rows, depth] times b [columns, depth] transposed. */
function product(
  a: Float32Array,
  rows: number,
  b: Float32Array,
  columns: number,
  depth: number,
): Float32Array {
  const output = new Float32Array(rows * columns);
  multiply(a, 0, rows, b, columns, depth, output, 0);
  return output;
}

function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const output = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      output[column * rows + row] = matrix[row * columns + column] as number;
    }
  }
  return output;
}

/** Calls back with where each tap of each patch lies in the input and in the patches. */
function eachTap(shape: Shape, visit: (inInput: number, inPatches: number) => void): void {
  const { batch, height, width, channels, kernel, stride } = shape;
  const top = samePadding(height, shape);
  const left = samePadding(width, shape);
  let patch = 0;
  for (let n = 0; n < batch; n++) {
    for (let y = -top; y + top < height; y += stride) {
      for (let x = -left; x + left < width; x += stride) {
        for (let tap = 0; tap < kernel * kernel; tap++, patch += channels) {
          const row = y + Math.floor(tap / kernel);
          const column = x + (tap % kernel);
          if (row < 0 || row >= height || column < 0 || column >= width) continue;
          visit(((n * height + row) * width + column) * channels, patch);
        }
      }
    }
  }
}

function gather(input: Float32Array, shape: Shape): Float32Array {
  const { channels } = shape;
  const { places, depth } = sizes(shape);
  const patches = new Float32Array(places * depth);
  eachTap(shape, (from, to) => {
    for (let c = 0; c < channels; c++) patches[to + c] = input[from + c] as number;
  });
  return patches;
}

function scatter(patches: Float32Array, shape: Shape): Float32Array {
  const { batch, height, width, channels } = shape;
  const input = new Float32Array(batch * height * width * channels);
  eachTap(shape, (to, from) => {
    for (let c = 0; c < channels; c++) {
      input[to + c] = (input[to + c] as number) + (patches[from + c] as number);
    }
  });
  return input;
}
