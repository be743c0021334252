import type { Answer, KeyPoint } from '../../stats/answer.ts';
import type { TensorBuffer } from '../tensor-buffer.ts';
import type { AnswerReader, AnswerSettings, ReadOutput } from './answer-reader.ts';
import type { View } from './view.ts';

interface Point {
  x: number;
  y: number;
  score: number;
}

/** Key points from an output of rows y, x, score in shares of the input (MoveNet's form). */
export class PointRows implements AnswerReader {
  readonly #settings: AnswerSettings;

  constructor(settings: AnswerSettings) {
    this.#settings = settings;
  }

  read(output: ReadOutput, view: View): Answer {
    const values = output(0).reals();
    const points = Array.from({ length: Math.floor(values.length / 3) }, (_, i) => ({
      y: values[i * 3] ?? 0,
      x: values[i * 3 + 1] ?? 0,
      score: values[i * 3 + 2] ?? 0,
    }));
    return answerOf(points, this.#settings, view);
  }
}

/**
 * Key points from heat maps of one channel a point: the place of its highest value, whose score is
 * that value's logistic function; in its middle, or moved by a second output of offsets in pixels
 * of the input, all y before all x (PoseNet's form; Papandreou et al. 2018, arXiv 1803.08225).
 */
export class HeatMaps implements AnswerReader {
  readonly #settings: AnswerSettings;
  readonly #hasOffsets: boolean;
  readonly #input: { width: number; height: number };

  constructor(
    settings: AnswerSettings,
    hasOffsets: boolean,
    input: { width: number; height: number },
  ) {
    this.#settings = settings;
    this.#hasOffsets = hasOffsets;
    this.#input = input;
  }

  read(output: ReadOutput, view: View): Answer {
    const maps = output(0);
    const offsets = this.#hasOffsets ? output(1).reals() : null;
    const [, rows = 1, columns = 1, count = 0] = maps.info.shape;
    const points = highest(maps, count).map(({ place, value }, point) => {
      const [row, column] = [Math.floor(place / columns), place % columns];
      const score = 1 / (1 + Math.exp(-value));
      if (offsets === null) return { x: (column + 0.5) / columns, y: (row + 0.5) / rows, score };
      const { width, height } = this.#input;
      const [dy = 0, dx = 0] = [0, count].map((from) => offsets[place * count * 2 + from + point]);
      return {
        x: ((column / Math.max(columns - 1, 1)) * (width - 1) + dx) / width,
        y: ((row / Math.max(rows - 1, 1)) * (height - 1) + dy) / height,
        score,
      };
    });
    return answerOf(points, this.#settings, view);
  }
}

/** Of each channel the place with the highest value. */
function highest(maps: TensorBuffer, channels: number): { place: number; value: number }[] {
  const values = maps.reals();
  return Array.from({ length: channels }, (_, channel) => {
    let place = 0;
    for (let i = 1; i * channels < values.length; i++) {
      if (
        (values[i * channels + channel] as number) > (values[place * channels + channel] as number)
      )
        place = i;
    }
    return { place, value: values[place * channels + channel] ?? 0 };
  });
}

function answerOf(points: readonly Point[], settings: AnswerSettings, view: View): Answer {
  const { labels, score: least, top } = settings;
  const keypoints: KeyPoint[] = points
    .map(({ x, y, score }, index) => ({
      label: labels[index] || `point ${index}`,
      score,
      x: view.x(x),
      y: view.y(y),
    }))
    .filter(({ score }) => score >= least);
  const best = [...keypoints].sort((a, b) => b.score - a.score).slice(0, top);
  return { top: best.map(({ label, score }) => ({ label, score })), keypoints };
}
