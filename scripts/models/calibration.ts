/**
 * Runs a network on a few pictures, and on the way
 *   folds   what batch normalisation would have learnt from them into weights and biases, so that
 *           random weights neither fade nor explode over the layers,
 *   records the range of every tensor, from which the int8 form takes its scales.
 */
import {
  type Convolution,
  constantOf,
  type Dense,
  type Graph,
  mapShape,
  type Operator,
  tensorOf,
} from './graph.ts';
import * as kernels from './kernels.ts';
import { Random } from './random.ts';

export interface Range {
  min: number;
  max: number;
}

/** Smallest variance that a channel is divided by, as in the published networks. */
const EPSILON = 1e-3;
/** How far apart the classes lie before softmax: wide enough that one stands out. */
const LOGIT_DEVIATION = 2;

/** Discs of random place, size and colour over a slope, in [-1, 1]: neighbours are alike, as in a
 *  camera's pictures. Contrast and noise differ from picture to picture, so that the statistics
 *  hold for more than one kind. */
export function calibrationPicture(seed: number, height: number, width: number): Float32Array {
  const random = new Random(seed);
  const share = (): number => random.uniform(0.5) + 0.5;
  const contrast = 0.2 + 0.8 * share();
  const noise = 0.4 * share() ** 2;
  const brightness = random.uniform(1 - contrast);
  const colour = (): number[] => [0, 1, 2].map(() => brightness + random.uniform(contrast));
  const [near, far] = [colour(), colour()];
  const discs = Array.from({ length: 4 + (random.bits() % 24) }, () => ({
    x: share() * width,
    y: share() * height,
    radius: (share() * 0.25 + 0.02) * width,
    colour: colour(),
  }));
  const picture = new Float32Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const disc = discs.find((d) => (x - d.x) ** 2 + (y - d.y) ** 2 < d.radius ** 2);
      const slope = (x + y) / (width + height);
      for (let c = 0; c < 3; c++) {
        const ground = (near[c] as number) * (1 - slope) + (far[c] as number) * slope;
        const value = (disc?.colour[c] ?? ground) + random.uniform(noise);
        picture[(y * width + x) * 3 + c] = Math.min(Math.max(value, -1), 1);
      }
    }
  }
  return picture;
}

/** Changes the graph's weights and biases; returns the range of each tensor that is computed, its
 *  place null for constants and for what follows the logits. */
export function calibrate(graph: Graph, pictures: Float32Array[]): (Range | null)[] {
  const ranges: (Range | null)[] = graph.tensors.map(() => null);
  const values = new Map<number, Float32Array[]>([[graph.input, pictures]]);
  const lastUse = new Map<number, number>();
  graph.operators.forEach((operator, i) => {
    for (const input of inputsOf(operator)) lastUse.set(input, i);
  });
  ranges[graph.input] = { min: -1, max: 1 };
  graph.operators.forEach((operator, i) => {
    if (operator.kind === 'softmax') return;
    const outputs = run(graph, operator, values);
    values.set(operator.output, outputs);
    ranges[operator.output] = rangeOf(outputs);
    for (const input of inputsOf(operator)) if (lastUse.get(input) === i) values.delete(input);
  });
  return ranges;
}

function inputsOf(operator: Operator): readonly number[] {
  return 'inputs' in operator ? operator.inputs : [operator.input];
}

function run(
  graph: Graph,
  operator: Operator,
  values: Map<number, Float32Array[]>,
): Float32Array[] {
  const samplesOf = (index: number): Float32Array[] =>
    values.get(index) ?? [constantOf(graph, index)];
  switch (operator.kind) {
    case 'conv':
    case 'depthwise':
      return runConvolution(graph, operator, samplesOf(operator.input));
    case 'dense':
      return runDense(graph, operator, samplesOf(operator.input));
    case 'add':
    case 'mul': {
      const [left, right] = operator.inputs.map(samplesOf) as [Float32Array[], Float32Array[]];
      return left.map((a, i) => {
        const sum = kernels.binary(operator.kind, a, (right[i] ?? right[0]) as Float32Array);
        kernels.activate(sum, operator.activation);
        return sum;
      });
    }
    case 'maxpool': {
      const shape = mapShape(tensorOf(graph, operator.input));
      const window = { kernel: operator.size, stride: operator.stride };
      return samplesOf(operator.input).map((x) => kernels.maxPool(x, shape, window));
    }
    case 'hardswish':
      return samplesOf(operator.input).map(kernels.hardSwish);
    case 'mean': {
      const [, , channels] = mapShape(tensorOf(graph, operator.input));
      return samplesOf(operator.input).map((x) => kernels.mean(x, channels));
    }
    default:
      return samplesOf(operator.input);
  }
}

function runConvolution(graph: Graph, operator: Convolution, inputs: Float32Array[]) {
  const shape = mapShape(tensorOf(graph, operator.input));
  const filter = constantOf(graph, operator.filter);
  const bias = constantOf(graph, operator.bias);
  const kernel = tensorOf(graph, operator.filter).shape[1] as number;
  const window = { kernel, stride: operator.stride };
  const outputs = inputs.map((x) =>
    operator.kind === 'conv'
      ? kernels.conv(x, shape, filter, bias.length, window)
      : kernels.depthwise(x, shape, filter, window),
  );
  const scale =
    operator.deviation === null ? null : fold(operator, operator.deviation, outputs, filter, bias);
  for (const output of outputs) {
    for (let i = 0; i < output.length; i++) {
      const c = i % bias.length;
      output[i] = (output[i] as number) * (scale?.[c] ?? 1) + (bias[c] as number);
    }
    kernels.activate(output, operator.activation);
  }
  return outputs;
}

/** Folds the statistics of the raw outputs into filter and bias, whose former values are batch
 *  normalisation's shifts; returns each channel's factor. */
function fold(
  { kind }: Convolution,
  deviation: number,
  outputs: Float32Array[],
  filter: Float32Array,
  bias: Float32Array,
): Float64Array {
  const { means, variances } = statistics(outputs, bias.length);
  const scale = variances.map((variance) => deviation / Math.sqrt(variance + EPSILON));
  const perChannel = filter.length / bias.length;
  for (let i = 0; i < filter.length; i++) {
    const c = kind === 'conv' ? Math.floor(i / perChannel) : i % bias.length;
    filter[i] = (filter[i] as number) * (scale[c] as number);
  }
  for (let c = 0; c < bias.length; c++) {
    bias[c] = (bias[c] as number) - (means[c] as number) * (scale[c] as number);
  }
  return scale;
}

function statistics(samples: Float32Array[], channels: number) {
  const means = new Float64Array(channels);
  const variances = new Float64Array(channels);
  const places = samples.reduce((sum, sample) => sum + sample.length, 0) / channels;
  for (const sample of samples) {
    for (let i = 0; i < sample.length; i++) {
      const c = i % channels;
      means[c] = (means[c] as number) + (sample[i] as number) / places;
    }
  }
  for (const sample of samples) {
    for (let i = 0; i < sample.length; i++) {
      const c = i % channels;
      const distance = (sample[i] as number) - (means[c] as number);
      variances[c] = (variances[c] as number) + (distance * distance) / places;
    }
  }
  return { means, variances };
}

/** Centres and spreads the logits. Pooled features of any two pictures have most in common; without
 *  this one class would win for all of them. */
function runDense(graph: Graph, operator: Dense, inputs: Float32Array[]): Float32Array[] {
  const filter = constantOf(graph, operator.filter);
  const bias = constantOf(graph, operator.bias);
  const outputs = inputs.map((x) => kernels.dense(x, filter, bias.length));
  const { means } = statistics(outputs, bias.length);
  const centred = outputs.map((output) => output.map((x, c) => x - (means[c] as number)));
  const { variances } = statistics(centred, 1);
  const scale = LOGIT_DEVIATION / Math.sqrt((variances[0] as number) + EPSILON * EPSILON);
  for (let i = 0; i < filter.length; i++) filter[i] = (filter[i] as number) * scale;
  for (let c = 0; c < bias.length; c++) bias[c] = -(means[c] as number) * scale;
  return centred.map((output) => output.map((x) => x * scale));
}

function rangeOf(samples: Float32Array[]): Range {
  const range = { min: Infinity, max: -Infinity };
  for (const sample of samples) {
    for (const value of sample) {
      if (value < range.min) range.min = value;
      if (value > range.max) range.max = value;
    }
  }
  return range;
}
