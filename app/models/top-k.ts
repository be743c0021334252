import type { TopClass } from '../stats/answer.ts';
import { labelOf } from './labels.ts';
import type { TensorBuffer } from './tensor-buffer.ts';

/**
 * Indices of the k largest values, largest first; of equal ones the first. NaN is never among them.
 * Works on raw values: quantisation keeps their order.
 */
export function topIndices(values: ArrayLike<number | bigint>, k: number): number[] {
  const top: number[] = [];
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as number | bigint;
    if (top.length === k && !(value > (values[top[k - 1] as number] as number | bigint))) {
      continue;
    }
    if (Number.isNaN(value)) {
      continue;
    }
    let place = Math.min(top.length, k - 1);
    while (place > 0 && value > (values[top[place - 1] as number] as number | bigint)) {
      top[place] = top[place - 1] as number;
      place -= 1;
    }
    if (place < k) {
      top[place] = index;
    }
  }
  return top;
}

/** The k best classes of an output of scores; only these are dequantised. */
export function topClasses(output: TensorBuffer, labels: readonly string[], k: number): TopClass[] {
  const values = output.values;
  if (values === null) {
    return [];
  }
  return topIndices(values, k).map((index) => ({
    label: labelOf(labels, index),
    score: output.real(Number(values[index])),
  }));
}
