import type { Graph } from '../graph.ts';
import { GraphBuilder } from '../graph-builder.ts';
import { CLASSES, SIDE } from './scene.ts';

/** Places of the grid in a row and a column: one anchor each. */
export const GRID = 12;
/** Side of an anchor, in shares of the picture. */
export const ANCHOR = 0.18;
/** How SSD scales box offsets (Liu et al. 2016, arXiv 1512.02325; TensorFlow's detection models):
 *  y, x, height, width. */
export const BOX_SCALES = [10, 10, 5, 5] as const;

/**
 * A single-shot detector on a grid of 12 x 12: for each place the offsets of a box (y, x, height,
 * width) and the logits of background and the classes. Outputs 1x12x12x4 and 1x12x12x7.
 */
export function shapesNetwork(name: string, seed: number): Graph {
  const b = new GraphBuilder(name, seed, [1, SIDE, SIDE, 3]);
  const relu = { activation: 'relu', normalised: false } as const;
  let x = b.conv(b.input, 16, { kernel: 3, stride: 2, ...relu });
  x = b.conv(x, 32, { kernel: 3, stride: 2, ...relu });
  x = b.conv(x, 64, { kernel: 3, stride: 2, ...relu });
  x = b.conv(x, 64, { kernel: 3, ...relu });
  x = b.conv(x, 64, { kernel: 3, ...relu });
  const boxes = b.conv(x, 4, { kernel: 1, normalised: false });
  const scores = b.conv(x, CLASSES.length + 1, { kernel: 1, normalised: false });
  return b.finish(boxes, scores);
}
