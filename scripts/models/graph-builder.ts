import { type Activation, elements, type Graph, mapShape, type Tensor, tensorOf } from './graph.ts';
import { Random } from './random.ts';

export interface ConvolutionOptions {
  kernel: number;
  stride?: number;
  activation?: Activation;
  /** False for the few layers that are published with a bias instead of batch normalisation. */
  normalised?: boolean;
  /** True for the last layer of a branch that is added to its own input: it begins small there
   *  (Goyal et al. 2017, arXiv 1706.02677, section 5.1), so that the input is not drowned. */
  residual?: boolean;
}

const RESIDUAL_DEVIATION = 0.3;

/**
 * Builds a graph layer by layer. Every filter is drawn at once, uniform with the variance of He et
 * al. 2015 (arXiv 1502.01852), so the order of calls and the seed decide every weight. Padding is
 * TensorFlow's SAME throughout.
 */
export class GraphBuilder {
  readonly #graph: Graph;
  readonly #random: Random;

  constructor(name: string, seed: number, inputShape: number[]) {
    this.#graph = { name, tensors: [], operators: [], input: 0, outputs: [] };
    this.#random = new Random(seed);
    this.#graph.input = this.#tensor('input', inputShape, null);
  }

  /** Height and width of the input are left to whoever runs the model. */
  leaveSizeOpen(): void {
    const input = tensorOf(this.#graph, this.#graph.input);
    input.signature = input.shape.map((side, place) => (place === 1 || place === 2 ? -1 : side));
  }

  conv(input: number, filters: number, options: ConvolutionOptions): number {
    const [, , channels] = mapShape(tensorOf(this.#graph, input));
    const { kernel } = options;
    return this.#convolution('conv', input, [filters, kernel, kernel, channels], filters, options);
  }

  depthwise(input: number, options: ConvolutionOptions): number {
    const [, , channels] = mapShape(tensorOf(this.#graph, input));
    const { kernel } = options;
    return this.#convolution('depthwise', input, [1, kernel, kernel, channels], channels, options);
  }

  dense(input: number, units: number): number {
    const inputs = elements(tensorOf(this.#graph, input).shape);
    const name = `dense_${this.#graph.operators.length}`;
    const filter = this.#weights(`${name}/weights`, [units, inputs], inputs);
    const bias = this.#tensor(`${name}/bias`, [units], new Float32Array(units));
    const output = this.#tensor(name, [1, units], null);
    this.#graph.operators.push({ kind: 'dense', input, filter, bias, output });
    return output;
  }

  add(a: number, b: number, activation: Activation = 'none'): number {
    return this.#binary('add', a, b, activation);
  }

  mul(a: number, b: number): number {
    return this.#binary('mul', a, b, 'none');
  }

  /** max(0, min(1, (x + 3) / 6)), as TensorFlow writes it. */
  hardSigmoid(input: number): number {
    return this.mul(this.add(input, this.#scalar(3), 'relu6'), this.#scalar(1 / 6));
  }

  hardSwish(input: number): number {
    return this.#unary('hardswish', input, tensorOf(this.#graph, input).shape);
  }

  /** Global average pooling; height and width become 1. */
  mean(input: number): number {
    const [, , channels] = mapShape(tensorOf(this.#graph, input));
    return this.#unary('mean', input, [1, 1, 1, channels]);
  }

  softmax(input: number): number {
    return this.#unary('softmax', input, tensorOf(this.#graph, input).shape);
  }

  maxPool(input: number, size: number, stride: number): number {
    const [height, width, channels] = mapShape(tensorOf(this.#graph, input));
    const shape = [1, Math.ceil(height / stride), Math.ceil(width / stride), channels];
    const output = this.#tensor(`maxpool_${this.#graph.operators.length}`, shape, null);
    this.#graph.operators.push({ kind: 'maxpool', input, size, stride, output });
    return output;
  }

  channels(input: number): number {
    return mapShape(tensorOf(this.#graph, input))[2];
  }

  get input(): number {
    return this.#graph.input;
  }

  finish(...outputs: number[]): Graph {
    this.#graph.outputs = outputs;
    return this.#graph;
  }

  #convolution(
    kind: 'conv' | 'depthwise',
    input: number,
    filterShape: number[],
    filters: number,
    options: ConvolutionOptions,
  ): number {
    const { stride = 1, activation = 'none', normalised = true, residual = false } = options;
    const [height, width] = mapShape(tensorOf(this.#graph, input));
    const name = `${kind}_${this.#graph.operators.length}`;
    const fanIn = elements(filterShape.slice(1)) / (kind === 'depthwise' ? filters : 1);
    const filter = this.#weights(`${name}/weights`, filterShape, fanIn);
    // Batch normalisation's shift, or the bias of a layer without it.
    const bias = this.#tensor(`${name}/bias`, [filters], this.#random.fill(filters, 0.25));
    const shape = [1, Math.ceil(height / stride), Math.ceil(width / stride), filters];
    const output = this.#tensor(name, shape, null);
    this.#graph.operators.push({
      kind,
      input,
      filter,
      bias,
      stride,
      activation,
      deviation: normalised ? (residual ? RESIDUAL_DEVIATION : 1) : null,
      output,
    });
    return output;
  }

  #binary(kind: 'add' | 'mul', a: number, b: number, activation: Activation): number {
    const shapes = [tensorOf(this.#graph, a).shape, tensorOf(this.#graph, b).shape];
    const [larger] = shapes.sort((left, right) => elements(right) - elements(left));
    const output = this.#tensor(`${kind}_${this.#graph.operators.length}`, larger ?? [], null);
    this.#graph.operators.push({ kind, inputs: [a, b], activation, output });
    return output;
  }

  #unary(kind: 'hardswish' | 'mean' | 'softmax', input: number, shape: number[]) {
    const output = this.#tensor(`${kind}_${this.#graph.operators.length}`, shape, null);
    this.#graph.operators.push({ kind, input, output });
    return output;
  }

  #weights(name: string, shape: number[], fanIn: number): number {
    // A uniform distribution in ±l has the variance l²/3; He's is 2 / fan-in.
    return this.#tensor(name, shape, this.#random.fill(elements(shape), Math.sqrt(6 / fanIn)));
  }

  #scalar(value: number): number {
    return this.#tensor(`constant_${this.#graph.tensors.length}`, [], Float32Array.of(value));
  }

  #tensor(name: string, shape: number[], data: Tensor['data']): number {
    return this.#graph.tensors.push({ name, shape: [...shape], data }) - 1;
  }
}
