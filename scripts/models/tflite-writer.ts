/**
 * Writes TensorFlow Lite files. Field numbers and codes are facts of
 * tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3.
 */
import { Builder } from 'flatbuffers';

/** TensorType. */
export const TYPE = { float32: 0, int32: 2, int8: 9 } as const;
export type TypeName = keyof typeof TYPE;

/** BuiltinOperator and the number of its options in BuiltinOptions. */
export const BUILTIN = {
  add: { code: 0, options: 11 },
  conv: { code: 3, options: 1 },
  depthwise: { code: 4, options: 2 },
  dequantize: { code: 6, options: 38 },
  dense: { code: 9, options: 8 },
  maxpool: { code: 17, options: 5 },
  mul: { code: 18, options: 21 },
  reshape: { code: 22, options: 17 },
  softmax: { code: 25, options: 9 },
  mean: { code: 40, options: 27 },
  hardswish: { code: 117, options: 91 },
  TFLite_Detection_PostProcess: { code: 32, options: 0 },
} as const;
/** The code of every operator that is known by its name alone. */
const CUSTOM = 32;
export type BuiltinName = keyof typeof BUILTIN;

/** Per tensor with one scale, per channel of `dimension` with one for each. */
export interface Quantization {
  scales: readonly number[];
  zeroPoints: readonly number[];
  dimension: number;
}

export interface TensorEntry {
  name: string;
  type: TypeName;
  shape: readonly number[];
  /** The shape with -1 where whoever runs the model says how much there is. */
  signature?: readonly number[];
  quantization?: Quantization;
  /** Constants only. */
  data?: Float32Array | Int32Array | Int8Array;
}

/** An options field; enums and booleans take one byte. */
export interface OptionField {
  field: number;
  kind: 'byte' | 'int' | 'float';
  value: number;
}

export interface OperatorEntry {
  builtin: BuiltinName;
  version: number;
  inputs: readonly number[];
  outputs: readonly number[];
  options: readonly OptionField[];
  /** FlexBuffers, of an operator that is known by its name alone. */
  customOptions?: Uint8Array;
}

type Offset = number;

export class TfliteWriter {
  readonly #tensors: TensorEntry[] = [];
  readonly #operators: OperatorEntry[] = [];

  /** Returns the tensor's index. */
  addTensor(tensor: TensorEntry): number {
    return this.#tensors.push(tensor) - 1;
  }

  addOperator(operator: OperatorEntry): void {
    this.#operators.push(operator);
  }

  /** The file's bytes. */
  finish(description: string, input: number, outputs: readonly number[]): Uint8Array {
    const bytes = this.#tensors.reduce((sum, { data }) => sum + (data?.byteLength ?? 0), 0);
    const b = new Builder(bytes + 65536);
    const codes = this.#codes();
    // Back to front: what is written first ends up last in the file.
    const buffers = this.#writeBuffers(b);
    const graph = this.#writeGraph(b, codes, input, outputs);
    const graphs = offsets(b, [graph]);
    const codeTables = offsets(
      b,
      codes.map((operator) => writeCode(b, operator)),
    );
    const text = b.createString(description);
    b.startObject(5);
    b.addFieldInt32(0, 3, 0);
    b.addFieldOffset(1, codeTables, 0);
    b.addFieldOffset(2, graphs, 0);
    b.addFieldOffset(3, text, 0);
    b.addFieldOffset(4, buffers, 0);
    b.finish(b.endObject(), 'TFL3');
    return b.asUint8Array();
  }

  /** One operator of each code and version. */
  #codes(): OperatorEntry[] {
    const first = new Map(this.#operators.map((operator) => [codeKey(operator), operator]));
    return [...first.values()];
  }

  /** Buffer 0 is the empty one of every tensor that is no constant; then one a constant. */
  #writeBuffers(b: Builder): Offset {
    const constants = this.#tensors.filter((tensor) => tensor.data !== undefined);
    const tables = [undefined, ...constants].map((tensor) => {
      const data = tensor?.data;
      let vector = 0;
      if (data !== undefined) {
        b.prep(16, data.byteLength);
        vector = b.createByteVector(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      }
      b.startObject(1);
      b.addFieldOffset(0, vector, 0);
      return b.endObject();
    });
    return offsets(b, tables);
  }

  #writeGraph(
    b: Builder,
    codes: OperatorEntry[],
    input: number,
    outputs: readonly number[],
  ): Offset {
    let buffer = 0;
    const tensors = this.#tensors.map((tensor) =>
      writeTensor(b, tensor, tensor.data === undefined ? 0 : ++buffer),
    );
    const keys = codes.map(codeKey);
    const operators = this.#operators.map((operator) =>
      writeOperator(b, operator, keys.indexOf(codeKey(operator))),
    );
    const tensorTables = offsets(b, tensors);
    const operatorTables = offsets(b, operators);
    const [inputPlaces, outputPlaces] = [ints(b, [input]), ints(b, outputs)];
    b.startObject(4);
    b.addFieldOffset(0, tensorTables, 0);
    b.addFieldOffset(1, inputPlaces, 0);
    b.addFieldOffset(2, outputPlaces, 0);
    b.addFieldOffset(3, operatorTables, 0);
    return b.endObject();
  }
}

function codeKey({ builtin, version }: OperatorEntry): string {
  return `${builtin} ${version}`;
}

function writeCode(b: Builder, { builtin, version }: OperatorEntry): Offset {
  const { code } = BUILTIN[builtin];
  const custom = code === CUSTOM ? b.createString(builtin) : 0;
  b.startObject(4);
  b.addFieldInt8(0, code, 0);
  b.addFieldOffset(1, custom, 0);
  b.addFieldInt32(2, version, 1);
  b.addFieldInt32(3, code, 0);
  return b.endObject();
}

function writeTensor(b: Builder, tensor: TensorEntry, buffer: number): Offset {
  const name = b.createString(tensor.name);
  const shape = ints(b, tensor.shape);
  const quantization = tensor.quantization ? writeQuantization(b, tensor.quantization) : 0;
  const signature = tensor.signature ? ints(b, tensor.signature) : 0;
  b.startObject(8);
  b.addFieldOffset(0, shape, 0);
  b.addFieldInt8(1, TYPE[tensor.type], 0);
  b.addFieldInt32(2, buffer, 0);
  b.addFieldOffset(3, name, 0);
  b.addFieldOffset(4, quantization, 0);
  b.addFieldOffset(7, signature, 0);
  return b.endObject();
}

function writeQuantization(b: Builder, { scales, zeroPoints, dimension }: Quantization): Offset {
  b.startVector(4, scales.length, 4);
  for (const scale of scales.toReversed()) b.addFloat32(scale);
  const scaleVector = b.endVector();
  b.startVector(8, zeroPoints.length, 8);
  for (const zeroPoint of zeroPoints.toReversed()) b.addInt64(BigInt(zeroPoint));
  const zeroPointVector = b.endVector();
  b.startObject(7);
  b.addFieldOffset(2, scaleVector, 0);
  b.addFieldOffset(3, zeroPointVector, 0);
  b.addFieldInt32(6, dimension, 0);
  return b.endObject();
}

function writeOperator(b: Builder, operator: OperatorEntry, code: number): Offset {
  const custom = operator.customOptions ? b.createByteVector(operator.customOptions) : 0;
  const options = operator.customOptions ? 0 : writeOptions(b, operator.options);
  const [inputs, outputs] = [ints(b, operator.inputs), ints(b, operator.outputs)];
  b.startObject(6);
  b.addFieldInt32(0, code, 0);
  b.addFieldOffset(1, inputs, 0);
  b.addFieldOffset(2, outputs, 0);
  b.addFieldInt8(3, BUILTIN[operator.builtin].options, 0);
  b.addFieldOffset(4, options, 0);
  b.addFieldOffset(5, custom, 0);
  return b.endObject();
}

function writeOptions(b: Builder, fields: readonly OptionField[]): Offset {
  b.startObject(Math.max(0, ...fields.map(({ field }) => field + 1)));
  for (const { field, kind, value } of fields) {
    if (kind === 'byte') b.addFieldInt8(field, value, 0);
    else if (kind === 'float') b.addFieldFloat32(field, value, 0);
    else b.addFieldInt32(field, value, 0);
  }
  return b.endObject();
}

function ints(b: Builder, values: readonly number[]): Offset {
  b.startVector(4, values.length, 4);
  for (const value of values.toReversed()) b.addInt32(value);
  return b.endVector();
}

function offsets(b: Builder, targets: readonly Offset[]): Offset {
  b.startVector(4, targets.length, 4);
  for (const target of targets.toReversed()) b.addOffset(target);
  return b.endVector();
}
