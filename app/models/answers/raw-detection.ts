import type { AnswerSettings, ReadOutput } from './answer-reader.ts';
import { Detection } from './detection.ts';
import type { Candidate } from './suppress.ts';
import type { View } from './view.ts';

/** Which output has the boxes and which the classes, and how many anchors there are. */
export interface RawOutputs {
  boxes: number;
  classes: number;
  /** Values a place has in `classes`: the background, then the classes. */
  values: number;
  /** Middle y, middle x, height, width of each anchor, in shares of the input. */
  anchors: Float32Array;
}

/** How box offsets are scaled (Liu et al. 2016, arXiv 1512.02325): y and x, height and width. */
const CENTRE_SCALE = 10;
const SIZE_SCALE = 5;

/** A single-shot detector's raw outputs: offsets to anchors, and values of background and classes. */
export class RawDetection extends Detection {
  readonly #outputs: RawOutputs;

  constructor(settings: AnswerSettings, outputs: RawOutputs) {
    super(settings);
    this.#outputs = outputs;
  }

  protected candidates(output: ReadOutput, view: View): Candidate[] {
    const { boxes, classes, values, anchors } = this.#outputs;
    const scores = output(classes).reals();
    const offsets = output(boxes).reals();
    const candidates: Candidate[] = [];
    for (let i = 0; i * 4 < anchors.length; i++) {
      const found = best(scores.subarray(i * values, (i + 1) * values), this.settings.scores);
      if (!(found.score >= this.settings.score)) continue;
      const [y = 0, x = 0, height = 0, width = 0] = anchors.subarray(i * 4, i * 4 + 4);
      const [dy = 0, dx = 0, dh = 0, dw = 0] = offsets.subarray(i * 4, i * 4 + 4);
      const middleY = y + (dy / CENTRE_SCALE) * height;
      const middleX = x + (dx / CENTRE_SCALE) * width;
      const halfHeight = (Math.exp(dh / SIZE_SCALE) * height) / 2;
      const halfWidth = (Math.exp(dw / SIZE_SCALE) * width) / 2;
      candidates.push({
        ...found,
        box: view.box(
          middleX - halfWidth,
          middleY - halfHeight,
          middleX + halfWidth,
          middleY + halfHeight,
        ),
      });
    }
    return candidates;
  }
}

/** The likeliest class; value 0 is the background, class 0 has value 1. */
function best(values: Float64Array, kind: AnswerSettings['scores']) {
  let at = 1;
  for (let i = 2; i < values.length; i++) {
    if ((values[i] as number) > (values[at] as number)) at = i;
  }
  return { index: at - 1, score: scoreOf(values, at, kind) };
}

function scoreOf(values: Float64Array, at: number, kind: AnswerSettings['scores']): number {
  const value = values[at] as number;
  switch (kind) {
    case 'none':
      return value;
    case 'sigmoid':
      return 1 / (1 + Math.exp(-value));
    case 'softmax':
      return 1 / values.reduce((sum, each) => sum + Math.exp(each - value), 0);
  }
}
