/**
 * A network before it becomes a file: tensors and operators in order of execution.
 *
 * Weights are float32 in the order TensorFlow Lite keeps them: a convolution's filter is
 * [out, height, width, in], a depthwise one's [1, height, width, out], a dense layer's [out, in].
 */
export type Activation = 'none' | 'relu' | 'relu6';

export interface Tensor {
  name: string;
  shape: number[];
  /** The shape with -1 for what is left open; left out where nothing is. */
  signature?: number[];
  /** Constants only. */
  data: Float32Array | null;
}

interface Base {
  /** Index of the tensor that it writes. */
  output: number;
}

export interface Convolution extends Base {
  kind: 'conv' | 'depthwise';
  input: number;
  filter: number;
  bias: number;
  stride: number;
  activation: Activation;
  /** The deviation of the output's channels where the published network has batch normalisation,
   *  which is folded in here; null where it has none. */
  deviation: number | null;
}
export interface Dense extends Base {
  kind: 'dense';
  input: number;
  filter: number;
  bias: number;
}
export interface Binary extends Base {
  kind: 'add' | 'mul';
  inputs: [number, number];
  activation: Activation;
}
export interface MaxPool extends Base {
  kind: 'maxpool';
  input: number;
  size: number;
  stride: number;
}
export interface Unary extends Base {
  kind: 'hardswish' | 'mean' | 'softmax';
  input: number;
}
export type Operator = Convolution | Dense | Binary | MaxPool | Unary;

export interface Graph {
  name: string;
  tensors: Tensor[];
  operators: Operator[];
  input: number;
  /** In the order in which the file names them. */
  outputs: number[];
}

export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The tensor at an index that the graph itself has handed out. */
export function tensorOf(graph: Graph, index: number): Tensor {
  const tensor = graph.tensors[index];
  if (tensor === undefined) throw new RangeError(`${graph.name} has no tensor ${index}`);
  return tensor;
}

/** The values of a constant. */
export function constantOf(graph: Graph, index: number): Float32Array {
  const { data, name } = tensorOf(graph, index);
  if (data === null) throw new TypeError(`tensor '${name}' is not constant`);
  return data;
}

/** A feature map's height, width and channels; the batch is 1. */
export function mapShape(tensor: Tensor): [number, number, number] {
  const [, height, width, channels] = tensor.shape;
  if (height === undefined || width === undefined || channels === undefined) {
    throw new TypeError(`tensor '${tensor.name}' is not a feature map`);
  }
  return [height, width, channels];
}
