import { constantOf, elements, type Graph, tensorOf } from './graph.ts';

export interface Counts {
  /** Weights and biases, batch normalisation folded. */
  parameters: number;
  /** Output channels of the layers whose batch normalisation was folded: each had a scale and a
   *  shift, of which one bias is left, so a published count is `parameters + normalised`. */
  normalised: number;
  /** Multiply-accumulate operations of convolutions and dense layers. */
  macs: number;
}

export function count(graph: Graph): Counts {
  const counts = { parameters: 0, normalised: 0, macs: 0 };
  for (const operator of graph.operators) {
    if (operator.kind !== 'conv' && operator.kind !== 'depthwise' && operator.kind !== 'dense') {
      continue;
    }
    const weights = constantOf(graph, operator.filter).length;
    const biases = constantOf(graph, operator.bias).length;
    // Each weight is used once for every place of the output.
    const places = elements(tensorOf(graph, operator.output).shape) / biases;
    counts.parameters += weights + biases;
    counts.macs += weights * places;
    if (operator.kind !== 'dense' && operator.deviation !== null) counts.normalised += biases;
  }
  return counts;
}
