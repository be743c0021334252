/**
 * The networks, layer by layer as published; inputs are RGB in [-1, 1].
 *   MobileNetV2    Sandler et al. 2018, arXiv 1801.04381, table 2
 *   MobileNetV3    Howard et al. 2019, arXiv 1905.02244, tables 1 (Large) and 2 (Small)
 *   ResNet-18      He et al. 2015, arXiv 1512.03385, table 1, shortcuts of kind B
 */
import type { Graph } from './graph.ts';
import { GraphBuilder } from './graph-builder.ts';

const IMAGENET_CLASSES = 1000;

/** Channel counts are multiples of 8 that are at least 90 % of what was asked for (MobileNetV2's
 *  published code, used for V3's squeeze layers too). */
function divisibleBy8(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

export function mobilenetV2(name: string, seed: number): Graph {
  const b = new GraphBuilder(name, seed, [1, 224, 224, 3]);
  let x = b.conv(b.input, 32, { kernel: 3, stride: 2, activation: 'relu6' });
  // Expansion, channels, repeats, first stride.
  const blocks = [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ] as const;
  for (const [expansion, channels, repeats, firstStride] of blocks) {
    for (let i = 0; i < repeats; i++) {
      const stride = i === 0 ? firstStride : 1;
      x = invertedResidual(b, x, expansion, channels, stride);
    }
  }
  x = b.conv(x, 1280, { kernel: 1, activation: 'relu6' });
  return b.finish(b.softmax(b.dense(b.mean(x), IMAGENET_CLASSES)));
}

function invertedResidual(
  b: GraphBuilder,
  input: number,
  expansion: number,
  channels: number,
  stride: number,
): number {
  let x = input;
  if (expansion > 1) {
    x = b.conv(x, b.channels(input) * expansion, { kernel: 1, activation: 'relu6' });
  }
  x = b.depthwise(x, { kernel: 3, stride, activation: 'relu6' });
  const residual = stride === 1 && channels === b.channels(input);
  x = b.conv(x, channels, { kernel: 1, residual });
  return residual ? b.add(input, x) : x;
}

/** A row of MobileNetV3's tables: kernel, expanded and output channels, squeeze-and-excite,
 *  hard-swish (else ReLU), stride. */
type V3Row = readonly [number, number, number, boolean, boolean, number];

const V3_SMALL: readonly V3Row[] = [
  [3, 16, 16, true, false, 2],
  [3, 72, 24, false, false, 2],
  [3, 88, 24, false, false, 1],
  [5, 96, 40, true, true, 2],
  [5, 240, 40, true, true, 1],
  [5, 240, 40, true, true, 1],
  [5, 120, 48, true, true, 1],
  [5, 144, 48, true, true, 1],
  [5, 288, 96, true, true, 2],
  [5, 576, 96, true, true, 1],
  [5, 576, 96, true, true, 1],
];
const V3_LARGE: readonly V3Row[] = [
  [3, 16, 16, false, false, 1],
  [3, 64, 24, false, false, 2],
  [3, 72, 24, false, false, 1],
  [5, 72, 40, true, false, 2],
  [5, 120, 40, true, false, 1],
  [5, 120, 40, true, false, 1],
  [3, 240, 80, false, true, 2],
  [3, 200, 80, false, true, 1],
  [3, 184, 80, false, true, 1],
  [3, 184, 80, false, true, 1],
  [3, 480, 112, true, true, 1],
  [3, 672, 112, true, true, 1],
  [5, 672, 160, true, true, 2],
  [5, 960, 160, true, true, 1],
  [5, 960, 160, true, true, 1],
];

export function mobilenetV3Small(name: string, seed: number): Graph {
  return mobilenetV3(name, seed, V3_SMALL, 576, 1024);
}

export function mobilenetV3Large(name: string, seed: number): Graph {
  return mobilenetV3(name, seed, V3_LARGE, 960, 1280);
}

function mobilenetV3(
  name: string,
  seed: number,
  rows: readonly V3Row[],
  lastChannels: number,
  headChannels: number,
): Graph {
  const b = new GraphBuilder(name, seed, [1, 224, 224, 3]);
  let x = b.hardSwish(b.conv(b.input, 16, { kernel: 3, stride: 2 }));
  for (const row of rows) x = v3Block(b, x, row);
  x = b.hardSwish(b.conv(x, lastChannels, { kernel: 1 }));
  x = b.conv(b.mean(x), headChannels, { kernel: 1, normalised: false });
  return b.finish(b.softmax(b.dense(b.hardSwish(x), IMAGENET_CLASSES)));
}

function v3Block(b: GraphBuilder, input: number, row: V3Row): number {
  const [kernel, expanded, channels, squeeze, hardSwish, stride] = row;
  const activation = hardSwish ? 'none' : 'relu';
  const activate = (x: number): number => (hardSwish ? b.hardSwish(x) : x);
  let x = input;
  if (expanded !== b.channels(input)) {
    x = activate(b.conv(x, expanded, { kernel: 1, activation }));
  }
  x = activate(b.depthwise(x, { kernel, stride, activation }));
  if (squeeze) x = squeezeExcite(b, x);
  const residual = stride === 1 && channels === b.channels(input);
  x = b.conv(x, channels, { kernel: 1, residual });
  return residual ? b.add(input, x) : x;
}

function squeezeExcite(b: GraphBuilder, input: number): number {
  const channels = b.channels(input);
  const plain = { kernel: 1, normalised: false } as const;
  let x = b.conv(b.mean(input), divisibleBy8(channels / 4), { ...plain, activation: 'relu' });
  x = b.hardSigmoid(b.conv(x, channels, plain));
  return b.mul(input, x);
}

export function resnet18(name: string, seed: number): Graph {
  const b = new GraphBuilder(name, seed, [1, 224, 224, 3]);
  let x = b.conv(b.input, 64, { kernel: 7, stride: 2, activation: 'relu' });
  x = b.maxPool(x, 3, 2);
  for (const channels of [64, 128, 256, 512]) {
    x = basicBlock(b, x, channels, channels === 64 ? 1 : 2);
    x = basicBlock(b, x, channels, 1);
  }
  return b.finish(b.softmax(b.dense(b.mean(x), IMAGENET_CLASSES)));
}

function basicBlock(b: GraphBuilder, input: number, channels: number, stride: number): number {
  let x = b.conv(input, channels, { kernel: 3, stride, activation: 'relu' });
  x = b.conv(x, channels, { kernel: 3, residual: stride === 1 });
  const shortcut = stride === 1 ? input : b.conv(input, channels, { kernel: 1, stride });
  return b.add(x, shortcut, 'relu');
}

/** A few layers of a MobileNet's kind for tests: 96 x 96, 10 classes, some 20 kB of weights. */
export function tinyNet(name: string, seed: number): Graph {
  const b = new GraphBuilder(name, seed, [1, 96, 96, 3]);
  let x = b.conv(b.input, 8, { kernel: 3, stride: 2, activation: 'relu6' });
  for (const [channels, stride] of [
    [16, 2],
    [32, 2],
    [32, 1],
    [64, 2],
  ] as const) {
    x = invertedResidual(b, x, 2, channels, stride);
  }
  return b.finish(b.softmax(b.dense(b.mean(x), 10)));
}
