import { type Graph, type Operator, type Tensor, tensorOf } from './graph.ts';
import { optionsOf } from './operators.ts';
import { type BuiltinName, TfliteWriter } from './tflite-writer.ts';

/**
 * Turns a graph into a file, operator by operator; the number format decides how a tensor looks
 * and which version of an operator reads it.
 */
export abstract class Emitter {
  protected readonly writer = new TfliteWriter();
  protected readonly graph: Graph;
  /** Index in the file by index in the graph. */
  readonly #placed = new Map<number, number>();
  #axesTensor: number | null = null;

  constructor(graph: Graph) {
    this.graph = graph;
  }

  file(description: string): Uint8Array {
    for (const operator of this.graph.operators) this.emit(operator);
    const outputs = this.graph.outputs.map((index) => this.place(index));
    return this.writer.finish(description, this.place(this.graph.input), outputs);
  }

  /** Adds a tensor of the graph in this format. */
  protected abstract write(tensor: Tensor, index: number): number;
  protected abstract version(kind: BuiltinName): number;

  /** Adds an operator and the tensors that are not in the file yet. */
  protected emit(operator: Operator): void {
    const inputs = 'inputs' in operator ? [...operator.inputs] : [operator.input];
    const placed = inputs.map((index) => this.place(index));
    if ('filter' in operator) {
      placed.push(this.writeFilter(operator), this.writeBias(operator));
    }
    if (operator.kind === 'mean') placed.push(this.#axes());
    this.writer.addOperator({
      builtin: operator.kind,
      version: this.version(operator.kind),
      inputs: placed,
      outputs: [this.place(operator.output)],
      options: optionsOf(operator),
    });
  }

  protected writeFilter(operator: Operator & { filter: number }): number {
    return this.place(operator.filter);
  }

  protected writeBias(operator: Operator & { bias: number }): number {
    return this.place(operator.bias);
  }

  /** Height and width, over which every mean is taken. */
  #axes(): number {
    this.#axesTensor ??= this.writer.addTensor({
      name: 'axes',
      type: 'int32',
      shape: [2],
      data: Int32Array.of(1, 2),
    });
    return this.#axesTensor;
  }

  /** The tensor's index in the file. */
  protected place(index: number): number {
    const known = this.#placed.get(index);
    if (known !== undefined) return known;
    const placed = this.write(tensorOf(this.graph, index), index);
    this.#placed.set(index, placed);
    return placed;
  }
}
