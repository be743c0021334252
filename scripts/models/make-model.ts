import { calibrate, calibrationPicture, type Range } from './calibration.ts';
import type { CatalogueEntry } from './catalogue.ts';
import { FloatEmitter } from './float-emitter.ts';
import { type Graph, mapShape, tensorOf } from './graph.ts';
import { Int8Emitter } from './int8-emitter.ts';

const CALIBRATION_PICTURES = 6;

export interface TrainedGraph {
  graph: Graph;
  ranges: (Range | null)[];
}

/** A network with its weights in place: all that its two forms have in common. */
export function prepare({ name, network, seed }: CatalogueEntry): TrainedGraph {
  const graph = network(name, seed);
  const [height, width] = mapShape(tensorOf(graph, graph.input));
  const pictures = Array.from({ length: CALIBRATION_PICTURES }, (_, i) =>
    calibrationPicture(seed * 1000 + i, height, width),
  );
  return { graph, ranges: calibrate(graph, pictures) };
}

/** The bytes of the file. */
export function makeModel(entry: CatalogueEntry, { graph, ranges }: TrainedGraph): Uint8Array {
  const emitter = entry.form === 'int8' ? new Int8Emitter(graph, ranges) : new FloatEmitter(graph);
  return emitter.file(entry.name);
}
