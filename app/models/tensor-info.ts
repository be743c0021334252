import { TensorType, type TensorTypeName } from '../native/constants.ts';
import type { TensorInfoStruct } from '../native/structs.ts';

export interface TensorInfo {
  name: string;
  type: TensorTypeName;
  shape: number[];
  bytes: number;
  /** real = (quantised - zeroPoint) * scale; 0 where the tensor is not quantised per tensor. */
  scale: number;
  zeroPoint: number;
}

const TYPE_NAMES = new Map<number, TensorTypeName>(
  Object.entries(TensorType).map(([name, value]) => [value, name as TensorTypeName]),
);

export function tensorInfo(native: TensorInfoStruct): TensorInfo {
  return {
    name: native.name,
    type: TYPE_NAMES.get(native.type) ?? 'none',
    shape: Array.from(native.shape.slice(0, native.rank)),
    bytes: native.bytes,
    scale: native.scale,
    zeroPoint: native.zero_point,
  };
}
