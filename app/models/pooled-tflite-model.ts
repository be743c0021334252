import type {
  InferenceModel,
  ModelPredictConfig,
  ModelTensorInfo,
  NamedTensorMap,
  Tensor,
  tensor,
} from '@tensorflow/tfjs-core';
import type { PoolStats } from '../native/structs.ts';
import type { Model } from './model.ts';
import type { TensorBuffer } from './tensor-buffer.ts';
import type { TensorInfo } from './tensor-info.ts';
import { dtypeOf, TfjsInput } from './tfjs-input.ts';

/** A model whose user forgot it gives its pool back when the garbage collector finds out. */
const forgotten = new FinalizationRegistry<Model>((model) => release(model));

function release(model: Model): void {
  model.stopNow();
  model.pool.stopNow();
}

/**
 * What `loadTFLiteModel` gives: the interface of tfjs-tflite-node's TFLiteModel over a model in a
 * pool of its own. New are `dispose` and `poolStats`.
 */
export class PooledTFLiteModel implements InferenceModel {
  readonly #model: Model;
  readonly #makeTensor: typeof tensor;
  readonly #inputs: TfjsInput[];

  /** Takes over a loaded model and its pool. */
  constructor(model: Model, makeTensor: typeof tensor) {
    this.#model = model;
    this.#makeTensor = makeTensor;
    this.#inputs = model.inputs.map((info) => new TfjsInput(info));
    forgotten.register(this, model, this);
  }

  get inputs(): ModelTensorInfo[] {
    return this.#inputs.map((input) => describe(input.info));
  }

  get outputs(): ModelTensorInfo[] {
    return this.#model.outputs.map(describe);
  }

  /** One tensor where the model has one output, else tensors by name. */
  predict(
    inputs: Tensor | Tensor[] | NamedTensorMap,
    _config?: ModelPredictConfig,
  ): Tensor | NamedTensorMap {
    if (Array.isArray(inputs)) {
      this.#setInOrder(inputs);
    } else if (isTensor(inputs)) {
      this.#setInOrder([inputs]);
    } else {
      this.#setByName(inputs);
    }
    for (const [index, input] of this.#inputs.entries()) {
      this.#model.writeInput(index, input.bytes);
    }
    this.#model.invokeNow();
    return this.#results();
  }

  execute(
    _inputs: Tensor | Tensor[] | NamedTensorMap,
    _outputs: string | string[],
  ): Tensor | Tensor[] {
    throw new Error('execute() of TFLiteModel is not supported yet.');
  }

  /** Figures of the model's pool. */
  poolStats(): PoolStats {
    return this.#model.pool.stats();
  }

  /** Unloads the model and gives its pool back. Safe twice. */
  dispose(): void {
    forgotten.unregister(this);
    release(this.#model);
  }

  #setInOrder(tensors: readonly Tensor[]): void {
    if (tensors.length !== this.#inputs.length) {
      throw new Error(
        `The size of TFLite model inputs (${this.#inputs.length}) does not match the size of the input tensors (${tensors.length})`,
      );
    }
    for (const [index, input] of this.#inputs.entries()) {
      input.set(tensors[index] as Tensor);
    }
  }

  #setByName(tensors: NamedTensorMap): void {
    const byName = new Map(this.#inputs.map((input) => [input.info.name, input]));
    const given = Object.keys(tensors);
    const unknown = given.filter((name) => !byName.has(name));
    const missing = [...byName.keys()].filter((name) => !given.includes(name));
    if (unknown.length > 0 || missing.length > 0) {
      const parts = ["The model input names don't match the model input names."];
      if (unknown.length > 0) {
        parts.push(`Names in input but missing in model: [${unknown}].`);
      }
      if (missing.length > 0) {
        parts.push(`Names in model but missing in inputs: [${missing}].`);
      }
      throw new Error(parts.join(' '));
    }
    for (const [name, input] of byName) {
      input.set(tensors[name] as Tensor);
    }
  }

  #results(): Tensor | NamedTensorMap {
    const results: NamedTensorMap = {};
    for (const index of this.#model.outputs.keys()) {
      const output = this.#model.readOutput(index);
      results[output.info.name] = this.#makeTensor(tfjsValues(output), output.info.shape);
    }
    const [only, ...others] = Object.values(results);
    return only !== undefined && others.length === 0 ? only : results;
  }
}

function isTensor(value: Tensor | NamedTensorMap): value is Tensor {
  return typeof (value as Tensor).dataSync === 'function';
}

function describe(info: TensorInfo): ModelTensorInfo {
  // A type that tfjs has no name for stays undefined, as it does in tfjs-tflite-node.
  return { name: info.name, shape: [...info.shape], dtype: dtypeOf(info) as 'float32' };
}

/** A copy of an output in an array type that tfjs takes; the tensor keeps it. */
function tfjsValues(output: TensorBuffer): Float32Array | Int32Array | Uint8Array {
  const { values, info } = output;
  if (values === null || values instanceof BigInt64Array) {
    throw new Error(`output '${info.name}' has type '${info.type}', which tfjs has no tensor for`);
  }
  switch (info.type) {
    case 'float64':
      console.warn("WARNING: converting output tensor from 'float64' to 'float32'");
      return Float32Array.from(values);
    case 'int8':
    case 'int16':
      return Int32Array.from(values);
    default:
      return values.slice() as Float32Array | Int32Array | Uint8Array;
  }
}
