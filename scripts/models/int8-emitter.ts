import type { Range } from './calibration.ts';
import { Emitter } from './emitter.ts';
import { constantOf, type Graph, type Operator, type Tensor, tensorOf } from './graph.ts';
import type { BuiltinName, Quantization } from './tflite-writer.ts';

/** One scale and zero point for a whole tensor. */
interface Affine {
  scale: number;
  zeroPoint: number;
}

/** Other pictures go somewhat beyond what the calibration's have shown; logits, which decide and
 *  need no fine steps, further. */
const RANGE_MARGIN = 1.1;
const LOGIT_MARGIN = 3;
const VERSIONS: Partial<Record<BuiltinName, number>> = {
  add: 2,
  conv: 3,
  depthwise: 3,
  dequantize: 2,
  dense: 4,
  maxpool: 2,
  mul: 2,
  mean: 2,
};

/**
 * The int8 form: activations with one scale, filters with one for each output channel, biases in
 * int32 (https://www.tensorflow.org/lite/performance/quantization_spec). Softmax stays in float32
 * behind a DEQUANTIZE: XNNPACK then takes the whole network, and scores are not cut to 1/256.
 */
export class Int8Emitter extends Emitter {
  readonly #affine: Map<number, Affine>;

  constructor(graph: Graph, ranges: readonly (Range | null)[]) {
    super(graph);
    this.#affine = activationScales(graph, ranges);
  }

  protected version(kind: BuiltinName): number {
    return VERSIONS[kind] ?? 1;
  }

  protected override emit(operator: Operator): void {
    if (operator.kind !== 'softmax') {
      super.emit(operator);
      return;
    }
    const { name, shape } = tensorOf(this.graph, operator.input);
    const logits = this.writer.addTensor({ name: `${name}/float`, type: 'float32', shape });
    this.writer.addOperator({
      builtin: 'dequantize',
      version: this.version('dequantize'),
      inputs: [this.place(operator.input)],
      outputs: [logits],
      options: [],
    });
    this.writer.addOperator({
      builtin: 'softmax',
      version: 1,
      inputs: [logits],
      outputs: [this.place(operator.output)],
      options: [{ field: 0, kind: 'float', value: 1 }],
    });
  }

  protected write({ name, shape: sides, signature, data }: Tensor, index: number): number {
    const shape = { shape: sides, ...(signature === undefined ? {} : { signature }) };
    const affine = this.#affine.get(index);
    if (affine === undefined) return this.writer.addTensor({ name, type: 'float32', ...shape });
    const entry = { name, type: 'int8', ...shape, quantization: perTensor(affine) } as const;
    return this.writer.addTensor(
      data === null ? entry : { ...entry, data: quantise(data, () => affine) },
    );
  }

  protected override writeFilter(operator: Operator & { filter: number }): number {
    const { name, shape, data } = tensorOf(this.graph, operator.filter);
    const scales = this.#filterScales(operator);
    const channelOf = filterChannel(operator, shape, scales.length);
    return this.writer.addTensor({
      name,
      type: 'int8',
      shape,
      quantization: {
        scales,
        zeroPoints: scales.map(() => 0),
        dimension: operator.kind === 'depthwise' ? 3 : 0,
      },
      data: quantise(data ?? [], (i) => ({ scale: scales[channelOf(i)] as number, zeroPoint: 0 })),
    });
  }

  protected override writeBias(operator: Operator & { bias: number; filter: number }): number {
    const { name, shape, data } = tensorOf(this.graph, operator.bias);
    const input = 'input' in operator ? this.#affine.get(operator.input) : undefined;
    const inputScale = input?.scale ?? 1;
    const filterScales = this.#filterScales(operator);
    const scales = filterScales.map((scale) => Math.fround(scale * inputScale));
    const scaleOf = (i: number): number => scales[i % scales.length] as number;
    return this.writer.addTensor({
      name,
      type: 'int32',
      shape,
      quantization: { scales, zeroPoints: scales.map(() => 0), dimension: 0 },
      data: Int32Array.from(data ?? [], (value, i) => Math.round(value / scaleOf(i))),
    });
  }

  /** Symmetric, one a channel; one in all for a dense layer, whose kernels know no more. */
  #filterScales(operator: Operator & { filter: number }): number[] {
    const { shape } = tensorOf(this.graph, operator.filter);
    const data = constantOf(this.graph, operator.filter);
    const count =
      operator.kind === 'dense' ? 1 : (shape[operator.kind === 'depthwise' ? 3 : 0] as number);
    const channelOf = filterChannel(operator, shape, count);
    const largest = new Float64Array(count);
    data.forEach((value, i) => {
      const channel = channelOf(i);
      largest[channel] = Math.max(largest[channel] as number, Math.abs(value));
    });
    // A channel of zeros still needs a scale that can be divided by.
    return Array.from(largest, (value) => Math.fround(Math.max(value, 1e-6) / 127));
  }
}

/** Which scale a filter's i-th weight has. */
function filterChannel(
  operator: Operator,
  shape: readonly number[],
  count: number,
): (i: number) => number {
  if (count === 1) return () => 0;
  if (operator.kind === 'depthwise') return (i) => i % count;
  const perChannel = shape.slice(1).reduce((product, size) => product * size, 1);
  return (i) => Math.floor(i / perChannel);
}

function activationScales(graph: Graph, ranges: readonly (Range | null)[]): Map<number, Affine> {
  const scales = new Map<number, Affine>();
  // A camera's bytes laid on int8 one to one: the real value of q is (q + 1) / 127.5.
  scales.set(graph.input, { scale: Math.fround(1 / 127.5), zeroPoint: -1 });
  for (const operator of graph.operators) {
    if (operator.kind === 'add' || operator.kind === 'mul') {
      for (const input of operator.inputs) {
        const { data } = tensorOf(graph, input);
        if (data !== null) scales.set(input, affineOf({ min: 0, max: data[0] as number }));
      }
    }
    const range = ranges[operator.output];
    if (range === null || range === undefined) continue;
    // It only chooses among values: its kernels demand the scale that comes in.
    const kept = operator.kind === 'maxpool' ? scales.get(operator.input) : undefined;
    scales.set(
      operator.output,
      kept ?? affineOf(widened(range, operator.kind === 'dense' ? LOGIT_MARGIN : RANGE_MARGIN)),
    );
  }
  return scales;
}

function widened({ min, max }: Range, margin: number): Range {
  return { min: min * margin, max: max * margin };
}

/** Zero must be exact: padding is made of it. */
function affineOf({ min, max }: Range): Affine {
  const low = Math.min(min, 0);
  const high = Math.max(max, 0);
  const scale = Math.fround(Math.max(high - low, 1e-6) / 255);
  return { scale, zeroPoint: clamp(Math.round(-128 - low / scale)) };
}

function perTensor({ scale, zeroPoint }: Affine): Quantization {
  return { scales: [scale], zeroPoints: [zeroPoint], dimension: 0 };
}

function clamp(value: number): number {
  return Math.min(Math.max(value, -128), 127);
}

function quantise(values: ArrayLike<number>, affineAt: (i: number) => Affine): Int8Array {
  return Int8Array.from(values, (value, i) => {
    const { scale, zeroPoint } = affineAt(i);
    return clamp(Math.round(value / scale) + zeroPoint);
  });
}
