/**
 * Pictures as the `pattern` source draws them (native/src/pattern.hpp), made again from its
 * description alone, not with its code: what is learnt here and found there shows that everything
 * in between is right.
 */
import type { Random } from '../random.ts';

export const SIDE = 96;
export const CLASSES = ['red', 'green', 'blue', 'yellow', 'magenta', 'cyan'] as const;

const COLOURS: readonly (readonly [number, number, number])[] = [
  [220, 40, 40],
  [40, 200, 60],
  [50, 70, 220],
  [230, 210, 40],
  [200, 50, 200],
  [40, 200, 210],
];
const FRAMES = [
  [640, 480],
  [1280, 720],
  [1920, 1080],
] as const;
/** Points in a pixel's row and column that its colour is the mean of. */
const SAMPLES = 3;

type Kind = 'disc' | 'square' | 'triangle' | 'diamond';
const KINDS: readonly Kind[] = ['disc', 'square', 'triangle', 'diamond'];

/** A shape in shares of the picture; the box is what a detector has to find. */
export interface SceneShape {
  kind: Kind;
  /** Index in CLASSES. */
  colour: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Scene {
  /** SIDE x SIDE x 3, in [-1, 1]. */
  pixels: Float32Array;
  /** The topmost last. */
  shapes: SceneShape[];
  /** Which shape is on top at each pixel's middle; -1 for the background. */
  top: Int8Array;
}

const share = (random: Random): number => random.uniform(0.5) + 0.5;
const pick = (random: Random, below: number): number => (random.bits() >>> 0) % below;

export function drawScene(random: Random): Scene {
  const shapes = placeShapes(random);
  const pixels = new Float32Array(SIDE * SIDE * 3);
  const top = new Int8Array(SIDE * SIDE);
  const ground = background(random);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const at = y * SIDE + x;
      top[at] = topmost(shapes, (x + 0.5) / SIDE, (y + 0.5) / SIDE);
      const colour = meanColour(shapes, ground(x, y), x, y);
      for (let c = 0; c < 3; c++) pixels[at * 3 + c] = (colour[c] as number) / 127.5 - 1;
    }
  }
  return { pixels, shapes, top };
}

function placeShapes(random: Random): SceneShape[] {
  const [width, height] = FRAMES[pick(random, FRAMES.length)] as (typeof FRAMES)[number];
  const shorter = Math.min(width, height);
  const first = pick(random, COLOURS.length);
  return KINDS.map((kind, i) => {
    const side = shorter / 8 + share(random) * (shorter / 8) + 2;
    return {
      kind,
      colour: (first + i) % COLOURS.length,
      x: share(random) * (1 - side / width),
      y: share(random) * (1 - side / height),
      width: side / width,
      height: side / height,
    };
  });
}

/** A grey slope with blocks and grain, its chroma a little off neutral (BT.601, video range). */
function background(random: Random): (x: number, y: number) => number[] {
  return (_, y) => {
    const luma = 70 + (50 * y) / SIDE + 16 + random.uniform(12) + 7.5 + random.uniform(3);
    const grey = (luma - 16) * 1.164;
    const u = -0.5 + random.uniform(6);
    const v = -0.5 + random.uniform(6);
    return [grey + 1.596 * v, grey - 0.392 * u - 0.813 * v, grey + 2.017 * u];
  };
}

function meanColour(shapes: SceneShape[], ground: number[], x: number, y: number): number[] {
  const sum = [0, 0, 0];
  for (let i = 0; i < SAMPLES * SAMPLES; i++) {
    const atX = (x + ((i % SAMPLES) + 0.5) / SAMPLES) / SIDE;
    const atY = (y + (Math.floor(i / SAMPLES) + 0.5) / SAMPLES) / SIDE;
    const shape = shapes[topmost(shapes, atX, atY)];
    const colour = shape === undefined ? ground : (COLOURS[shape.colour] as readonly number[]);
    for (let c = 0; c < 3; c++) sum[c] = (sum[c] as number) + (colour[c] as number);
  }
  return sum.map((value) => value / (SAMPLES * SAMPLES));
}

function topmost(shapes: SceneShape[], x: number, y: number): number {
  for (let i = shapes.length - 1; i >= 0; i--) {
    if (covers(shapes[i] as SceneShape, x, y)) return i;
  }
  return -1;
}

function covers(shape: SceneShape, x: number, y: number): boolean {
  const across = (x - shape.x) / shape.width;
  const down = (y - shape.y) / shape.height;
  if (across < 0 || across >= 1 || down < 0 || down >= 1) return false;
  const fromMiddle = Math.abs(across - 0.5);
  switch (shape.kind) {
    case 'square':
      return true;
    case 'disc':
      return fromMiddle ** 2 + (down - 0.5) ** 2 <= 0.25;
    case 'triangle':
      return fromMiddle <= down / 2;
    case 'diamond':
      return fromMiddle <= Math.min(down, 1 - down);
  }
}
