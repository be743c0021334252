import type { DataType, Tensor } from '@tensorflow/tfjs-core';
import { TensorBuffer } from './tensor-buffer.ts';
import type { TensorInfo } from './tensor-info.ts';

/** The tfjs type that stands for a TensorFlow Lite type; tfjs has no other for the rest. */
export function dtypeOf(info: TensorInfo): DataType | undefined {
  switch (info.type) {
    case 'float32':
    case 'float64':
      return 'float32';
    case 'int8':
    case 'uint8':
    case 'int16':
    case 'int32':
      return 'int32';
    case 'bool':
      return 'bool';
    default:
      return undefined;
  }
}

/**
 * One input of a model on the JavaScript side, with the rules of tfjs-tflite-node: integers take
 * no float tensor, floats take all, a conversion is warned of, and a tensor of fewer values than
 * the input leaves the others as the last call set them.
 */
export class TfjsInput {
  readonly #buffer: TensorBuffer;

  constructor(info: TensorInfo) {
    this.#buffer = new TensorBuffer(info);
  }

  get info(): TensorInfo {
    return this.#buffer.info;
  }

  get bytes(): Uint8Array {
    return this.#buffer.bytes;
  }

  set(tensor: Tensor): void {
    this.#checkType(tensor);
    this.#checkShape(tensor);
    this.#checkConversion(tensor);
    const { values } = this.#buffer;
    if (values === null || values instanceof BigInt64Array) {
      throw new Error(`Data type '${this.info.type}' not supported.`);
    }
    // Typed arrays cut values to their own range, as the original's do.
    values.set(tensor.dataSync());
  }

  #checkType(tensor: Tensor): void {
    if (tensor.dtype === 'string' || tensor.dtype === 'complex64') {
      throw new Error(`Data type '${tensor.dtype}' not supported.`);
    }
  }

  #checkShape(tensor: Tensor): void {
    const { shape } = this.info;
    const fits = tensor.shape.every((size, axis) => shape[axis] === -1 || shape[axis] === size);
    if (!fits) {
      throw new Error(
        `Input tensor shape mismatch: expect '${shape.join(',')}', got '${tensor.shape.join(',')}'.`,
      );
    }
  }

  #checkConversion(tensor: Tensor): void {
    const { type } = this.info;
    const floating = type === 'float32' || type === 'float64';
    if (!floating && tensor.dtype === 'float32') {
      throw new Error(`Data type mismatch: input tensor expects '${type}', got '${tensor.dtype}'`);
    }
    if (type !== tensor.dtype) {
      console.warn(`WARNING: converting '${tensor.dtype}' to '${type}'`);
    }
  }
}
