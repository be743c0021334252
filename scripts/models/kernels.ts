/**
 * The operators in plain arithmetic, batch 1. Sums are taken in double precision in a fixed order
 * and rounded to float32 once: the same result on every machine.
 */
import type { Activation } from './graph.ts';

/** Height, width, channels. */
export type MapShape = readonly [number, number, number];

export interface Window {
  kernel: number;
  stride: number;
}

/** Pixels in front of the picture under TensorFlow's SAME padding. */
export function samePadding(size: number, { kernel, stride }: Window): number {
  const output = Math.ceil(size / stride);
  return Math.floor(Math.max((output - 1) * stride + kernel - size, 0) / 2);
}

/** Rows of places in one block of a convolution, few enough to stay in the cache. */
const BLOCK_PLACES = 64;

/** A convolution without bias or activation. */
export function conv(
  input: Float32Array,
  [height, width, channels]: MapShape,
  filter: Float32Array,
  filters: number,
  window: Window,
): Float32Array {
  const outHeight = Math.ceil(height / window.stride);
  const outWidth = Math.ceil(width / window.stride);
  const places = outHeight * outWidth;
  const output = new Float32Array(places * filters);
  if (window.kernel === 1 && window.stride === 1) {
    multiply(input, 0, places, filter, filters, channels, output, 0);
    return output;
  }
  const depth = window.kernel * window.kernel * channels;
  const patches = new Float32Array(BLOCK_PLACES * depth);
  for (let first = 0; first < places; first += BLOCK_PLACES) {
    const count = Math.min(BLOCK_PLACES, places - first);
    for (let i = 0; i < count; i++) {
      const y = Math.floor((first + i) / outWidth);
      const x = (first + i) % outWidth;
      gatherPatch(input, [height, width, channels], window, y, x, patches, i * depth);
    }
    multiply(patches, 0, count, filter, filters, depth, output, first * filters);
  }
  return output;
}

function gatherPatch(
  input: Float32Array,
  [height, width, channels]: MapShape,
  window: Window,
  y: number,
  x: number,
  patches: Float32Array,
  at: number,
): void {
  const { kernel, stride } = window;
  const top = y * stride - samePadding(height, window);
  const left = x * stride - samePadding(width, window);
  let to = at;
  for (let row = top; row < top + kernel; row++) {
    for (let column = left; column < left + kernel; column++, to += channels) {
      if (row < 0 || row >= height || column < 0 || column >= width) {
        patches.fill(0, to, to + channels);
        continue;
      }
      const from = (row * width + column) * channels;
      for (let c = 0; c < channels; c++) patches[to + c] = input[from + c] as number;
    }
  }
}

/** output[m][n] = sum over k of a[m][k] * b[n][k], two rows by four columns at a time. */
export function multiply(
  a: Float32Array,
  aFirst: number,
  rows: number,
  b: Float32Array,
  columns: number,
  depth: number,
  output: Float32Array,
  outputFirst: number,
): void {
  for (let m = 0; m < rows; m += 2) {
    const pair = m + 1 < rows ? 1 : 0;
    const a0 = aFirst + m * depth;
    const a1 = a0 + pair * depth;
    const o0 = outputFirst + m * columns;
    const o1 = o0 + pair * columns;
    let n = 0;
    for (; n + 3 < columns; n += 4) {
      multiplyTile(a, a0, a1, b, n * depth, depth, output, o0 + n, o1 + n);
    }
    for (; n < columns; n++) {
      output[o0 + n] = dot(a, a0, b, n * depth, depth);
      output[o1 + n] = dot(a, a1, b, n * depth, depth);
    }
  }
}

function multiplyTile(
  a: Float32Array,
  a0: number,
  a1: number,
  b: Float32Array,
  b0: number,
  depth: number,
  output: Float32Array,
  o0: number,
  o1: number,
): void {
  const b1 = b0 + depth;
  const b2 = b1 + depth;
  const b3 = b2 + depth;
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  for (let k = 0; k < depth; k++) {
    const x0 = a[a0 + k] as number;
    const x1 = a[a1 + k] as number;
    const y0 = b[b0 + k] as number;
    const y1 = b[b1 + k] as number;
    const y2 = b[b2 + k] as number;
    const y3 = b[b3 + k] as number;
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s03 += x0 * y3;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s13 += x1 * y3;
  }
  output[o0] = s00;
  output[o0 + 1] = s01;
  output[o0 + 2] = s02;
  output[o0 + 3] = s03;
  output[o1] = s10;
  output[o1 + 1] = s11;
  output[o1 + 2] = s12;
  output[o1 + 3] = s13;
}

function dot(a: Float32Array, a0: number, b: Float32Array, b0: number, depth: number): number {
  let sum = 0;
  for (let k = 0; k < depth; k++) sum += (a[a0 + k] as number) * (b[b0 + k] as number);
  return sum;
}

/** A dense layer without bias. */
export function dense(input: Float32Array, filter: Float32Array, units: number): Float32Array {
  const output = new Float32Array(units);
  multiply(input, 0, 1, filter, units, input.length, output, 0);
  return output;
}

/** A depthwise convolution without bias or activation. */
export function depthwise(
  input: Float32Array,
  [height, width, channels]: MapShape,
  filter: Float32Array,
  window: Window,
): Float32Array {
  const { kernel, stride } = window;
  const outHeight = Math.ceil(height / stride);
  const outWidth = Math.ceil(width / stride);
  const padTop = samePadding(height, window);
  const padLeft = samePadding(width, window);
  const output = new Float32Array(outHeight * outWidth * channels);
  const sums = new Float64Array(channels);
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      sums.fill(0);
      for (let i = 0; i < kernel; i++) {
        const row = y * stride + i - padTop;
        if (row < 0 || row >= height) continue;
        for (let j = 0; j < kernel; j++) {
          const column = x * stride + j - padLeft;
          if (column < 0 || column >= width) continue;
          const from = (row * width + column) * channels;
          const tap = (i * kernel + j) * channels;
          for (let c = 0; c < channels; c++) {
            sums[c] =
              (sums[c] as number) + (input[from + c] as number) * (filter[tap + c] as number);
          }
        }
      }
      output.set(sums, (y * outWidth + x) * channels);
    }
  }
  return output;
}

export function maxPool(
  input: Float32Array,
  [height, width, channels]: MapShape,
  window: Window,
): Float32Array {
  const { kernel, stride } = window;
  const outHeight = Math.ceil(height / stride);
  const outWidth = Math.ceil(width / stride);
  const padTop = samePadding(height, window);
  const padLeft = samePadding(width, window);
  const output = new Float32Array(outHeight * outWidth * channels).fill(-Infinity);
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      const to = (y * outWidth + x) * channels;
      for (let i = 0; i < kernel; i++) {
        const row = y * stride + i - padTop;
        if (row < 0 || row >= height) continue;
        for (let j = 0; j < kernel; j++) {
          const column = x * stride + j - padLeft;
          if (column < 0 || column >= width) continue;
          const from = (row * width + column) * channels;
          for (let c = 0; c < channels; c++) {
            output[to + c] = Math.max(output[to + c] as number, input[from + c] as number);
          }
        }
      }
    }
  }
  return output;
}

/** The mean of each channel. */
export function mean(input: Float32Array, channels: number): Float32Array {
  const sums = new Float64Array(channels);
  for (let i = 0; i < input.length; i += channels) {
    for (let c = 0; c < channels; c++) sums[c] = (sums[c] as number) + (input[i + c] as number);
  }
  const places = input.length / channels;
  return Float32Array.from(sums, (sum) => sum / places);
}

export function hardSwish(input: Float32Array): Float32Array {
  return input.map((x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6);
}

/** Sum or product; the shorter operand is repeated over the longer one's places. */
export function binary(kind: 'add' | 'mul', a: Float32Array, b: Float32Array): Float32Array {
  const [longer, shorter] = a.length >= b.length ? [a, b] : [b, a];
  const period = shorter.length;
  return longer.map((x, i) => {
    const y = shorter[i % period] as number;
    return kind === 'add' ? x + y : x * y;
  });
}

/** In place. */
export function activate(values: Float32Array, activation: Activation): void {
  if (activation === 'none') return;
  const top = activation === 'relu6' ? 6 : Infinity;
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.min(Math.max(values[i] as number, 0), top);
  }
}
