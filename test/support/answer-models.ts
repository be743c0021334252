import { encode } from 'flatbuffers/js/flexbuffers.js';
import { FloatEmitter } from '../../scripts/models/float-emitter.ts';
import type { Graph } from '../../scripts/models/graph.ts';
import { GraphBuilder } from '../../scripts/models/graph-builder.ts';
import { Random } from '../../scripts/models/random.ts';
import { TfliteWriter } from '../../scripts/models/tflite-writer.ts';

const SIDE = 48;
export const GRID = 6;

/** Heads on one small network, `channels` wide each, on a grid of GRID x GRID. */
export function headsModel(seed: number, channels: readonly number[]): Uint8Array {
  const b = new GraphBuilder('heads', seed, [1, SIDE, SIDE, 3]);
  const x = b.conv(b.input, 8, { kernel: 8, stride: 8, activation: 'relu', normalised: false });
  const heads = channels.map((width) => b.conv(x, width, { kernel: 1, normalised: false }));
  return new FloatEmitter(b.finish(...heads)).file('heads');
}

/** A detector that ends in TFLite_Detection_PostProcess: GRID x GRID anchors, so many classes. */
export function finishedDetector(seed: number, classes: number): Uint8Array {
  const random = new Random(seed);
  const places = GRID * GRID;
  const writer = new TfliteWriter();
  const float = (name: string, shape: number[], data?: Float32Array): number =>
    writer.addTensor({ name, type: 'float32', shape, ...(data ? { data } : {}) });
  const input = float('input', [1, SIDE, SIDE, 3]);
  const head = (name: string, width: number): number => {
    const filter = random.fill(width * 8 * 8 * 3, 0.5);
    const map = float(`${name}/map`, [1, GRID, GRID, width]);
    writer.addOperator({
      builtin: 'conv',
      version: 1,
      inputs: [
        input,
        float(`${name}/filter`, [width, 8, 8, 3], filter),
        float(`${name}/bias`, [width], random.fill(width, 0.1)),
      ],
      outputs: [map],
      options: [
        { field: 1, kind: 'int', value: 8 },
        { field: 2, kind: 'int', value: 8 },
      ],
    });
    const rows = float(name, [1, places, width]);
    const shape = writer.addTensor({
      name: `${name}/shape`,
      type: 'int32',
      shape: [3],
      data: Int32Array.of(1, places, width),
    });
    writer.addOperator({
      builtin: 'reshape',
      version: 1,
      inputs: [map, shape],
      outputs: [rows],
      options: [],
    });
    return rows;
  };
  const anchors = Float32Array.from({ length: places * 4 }, (_, i) => {
    const place = Math.floor(i / 4);
    return [(Math.floor(place / GRID) + 0.5) / GRID, ((place % GRID) + 0.5) / GRID, 0.3, 0.3][
      i % 4
    ] as number;
  });
  const most = 10;
  const outputs = [[1, most, 4], [1, most], [1, most], [1]].map((shape, i) =>
    float(`detection_${i}`, shape),
  );
  writer.addOperator({
    builtin: 'TFLite_Detection_PostProcess',
    version: 1,
    inputs: [head('boxes', 4), head('scores', classes + 1), float('anchors', [places, 4], anchors)],
    outputs,
    options: [],
    customOptions: encode({
      max_detections: most,
      max_classes_per_detection: 1,
      num_classes: classes,
      nms_score_threshold: 0.3,
      nms_iou_threshold: 0.9,
      y_scale: 10,
      x_scale: 10,
      h_scale: 5,
      w_scale: 5,
      use_regular_nms: false,
    }),
  });
  return writer.finish('detector', input, outputs);
}

/** A classifier of pictures of any size; `height` and `width` are what it has until it is told others.
 *  Not `open`: the same one for this size alone. */
export function openModel(seed: number, height: number, width: number, open = true): Graph {
  const b = new GraphBuilder('open', seed, [1, height, width, 3]);
  if (open) b.leaveSizeOpen();
  const first = b.conv(b.input, 8, { kernel: 3, stride: 2, activation: 'relu' });
  const x = b.conv(first, 16, { kernel: 3, stride: 2, activation: 'relu' });
  return b.finish(b.softmax(b.dense(b.mean(x), 5)));
}
