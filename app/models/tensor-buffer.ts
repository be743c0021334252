import type { TensorInfo } from './tensor-info.ts';

export type TensorValues =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array;

/** Room for one tensor's bytes, made once, seen as bytes and as the values they are. */
export class TensorBuffer {
  readonly info: TensorInfo;
  readonly bytes: Uint8Array;
  /** Null where JavaScript has no array of the tensor's type. */
  readonly values: TensorValues | null;

  constructor(info: TensorInfo) {
    this.info = info;
    // An ArrayBuffer of its own: native code writes here, and the garbage collector must not move it.
    this.bytes = new Uint8Array(new ArrayBuffer(info.bytes));
    this.values = valuesOf(info, this.bytes.buffer as ArrayBuffer);
  }

  /** A raw value as the real number that it stands for. */
  real(raw: number): number {
    const { scale, zeroPoint } = this.info;
    return scale === 0 ? raw : (raw - zeroPoint) * scale;
  }

  /** Every value as a real number. */
  reals(): Float64Array {
    const raws: ArrayLike<number | bigint> = this.values ?? [];
    return Float64Array.from({ length: raws.length }, (_, index) => this.real(Number(raws[index])));
  }
}

function valuesOf(info: TensorInfo, bytes: ArrayBuffer): TensorValues | null {
  switch (info.type) {
    case 'int8':
      return new Int8Array(bytes);
    case 'uint8':
    case 'bool':
      return new Uint8Array(bytes);
    case 'int16':
      return new Int16Array(bytes);
    case 'int32':
      return new Int32Array(bytes);
    case 'int64':
      return new BigInt64Array(bytes);
    case 'float32':
      return new Float32Array(bytes);
    case 'float64':
      return new Float64Array(bytes);
    default:
      return null;
  }
}
