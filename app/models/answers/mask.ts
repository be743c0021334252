import type { Answer, MaskClass } from '../../stats/answer.ts';
import { labelOf } from '../labels.ts';
import type { TensorBuffer } from '../tensor-buffer.ts';
import type { AnswerReader, AnswerSettings, ReadOutput } from './answer-reader.ts';
import type { View } from './view.ts';

/** Classes that cover less of the mask are not told. */
const LEAST_SHARE = 0.001;

interface Extent {
  places: number;
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/**
 * A segmentation mask in summary: how much of the picture is of which class, and where. The output
 * has a value for each class at each place, of which the highest wins; or one value, where places
 * at or over the least score are of class 0; or, in integers without a scale, the class itself.
 */
export class Mask implements AnswerReader {
  readonly #settings: AnswerSettings;

  constructor(settings: AnswerSettings) {
    this.#settings = settings;
  }

  read(output: ReadOutput, view: View): Answer {
    const { labels, top } = this.#settings;
    const map = output(0);
    const [, rows = 1, columns = 1] = map.info.shape;
    const extents = this.#extents(map, columns);
    const mask: MaskClass[] = [...extents]
      .map(([index, { places, left, top: upper, right, bottom }]) => ({
        label: labelOf(labels, index),
        share: places / (rows * columns),
        box: view.box(left / columns, upper / rows, right / columns, bottom / rows),
      }))
      .filter(({ share }) => share >= LEAST_SHARE)
      .sort((a, b) => b.share - a.share);
    return { top: mask.slice(0, top).map(({ label, share: score }) => ({ label, score })), mask };
  }

  #extents(map: TensorBuffer, columns: number): Map<number, Extent> {
    const extents = new Map<number, Extent>();
    this.#classes(map).forEach((index, place) => {
      if (index < 0) return;
      const [row, column] = [Math.floor(place / columns), place % columns];
      const extent = extents.get(index) ?? none();
      extent.places += 1;
      extent.left = Math.min(extent.left, column);
      extent.top = Math.min(extent.top, row);
      extent.right = Math.max(extent.right, column + 1);
      extent.bottom = Math.max(extent.bottom, row + 1);
      extents.set(index, extent);
    });
    return extents;
  }

  /** The class of each place; -1 where there is none. */
  #classes(map: TensorBuffer): Int32Array {
    const { shape, scale, type } = map.info;
    const channels = shape[3] ?? 1;
    const values = map.reals();
    if (channels === 1) {
      const isIndex = scale === 0 && type !== 'float32';
      const { score } = this.#settings;
      return Int32Array.from(values, (value) => (isIndex ? value : value >= score ? 0 : -1));
    }
    return Int32Array.from({ length: values.length / channels }, (_, place) => {
      let best = 0;
      for (let c = 1; c < channels; c++) {
        const at = place * channels;
        if ((values[at + c] as number) > (values[at + best] as number)) best = c;
      }
      return best;
    });
  }
}

function none(): Extent {
  return {
    places: 0,
    left: Number.POSITIVE_INFINITY,
    top: Number.POSITIVE_INFINITY,
    right: 0,
    bottom: 0,
  };
}
