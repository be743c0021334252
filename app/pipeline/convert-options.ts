import koffi from 'koffi';
import { FitMode } from '../native/constants.ts';
import { type ConvertOptionsStruct, structs } from '../native/structs.ts';

export interface ConvertOptions {
  fit: keyof typeof FitMode;
  /** One value or one a channel; null with `std` null: automatic, see `ep_convert_options`. */
  mean: readonly number[] | null;
  std: readonly number[] | null;
}

/** The `ep_convert_options` of a model, made once and handed over with every frame. */
export function encodeConvertOptions(options: ConvertOptions): Uint8Array {
  const { fit, mean, std } = options;
  const native: ConvertOptionsStruct = {
    fit: FitMode[fit],
    automatic: mean === null && std === null ? 1 : 0,
    mean: channels(mean ?? [0]),
    std: channels(std ?? [1]),
  };
  const bytes = Buffer.alloc(structs.ep_convert_options.size);
  koffi.encode(bytes, structs.ep_convert_options, native);
  return bytes;
}

function channels(values: readonly number[]): number[] {
  const [first] = values;
  if (first === undefined || (values.length !== 1 && values.length !== 3)) {
    throw new RangeError(`mean and std take one value or three, not ${values.length}`);
  }
  return values.length === 1 ? [first, first, first] : [...values];
}
