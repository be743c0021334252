import type { TensorInfo } from '../tensor-info.ts';
import type { AnswerReader, AnswerSettings } from './answer-reader.ts';
import { Classification } from './classification.ts';
import { FinishedDetection } from './finished-detection.ts';
import { HeatMaps, PointRows } from './keypoints.ts';
import { Mask } from './mask.ts';
import { RawDetection, type RawOutputs } from './raw-detection.ts';

type Task = Exclude<AnswerSettings['task'], 'auto'>;

const count = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Four outputs of a finished detector: N boxes, N classes, N scores, how many. */
function isFinished([boxes, classes, scores, number]: readonly TensorInfo[]): boolean {
  if (!boxes || !classes || !scores || !number) return false;
  const rows = count(classes.shape);
  return (
    boxes.shape.at(-1) === 4 &&
    count(boxes.shape) === rows * 4 &&
    count(scores.shape) === rows &&
    count(number.shape) === 1
  );
}

/** Two outputs with as many rows, one of them four wide. */
function rawOutputs(outputs: readonly TensorInfo[]): Omit<RawOutputs, 'anchors'> | null {
  if (outputs.length !== 2) return null;
  const boxes = outputs.findIndex(({ shape }) => shape.length > 2 && shape.at(-1) === 4);
  const classes = 1 - boxes;
  const [offsets, values] = [outputs[boxes], outputs[classes]?.shape.at(-1) ?? 0];
  if (offsets === undefined || values < 2) return null;
  const rows = count(offsets.shape) / 4;
  return count(outputs[classes]?.shape ?? []) === rows * values ? { boxes, classes, values } : null;
}

/** An anchor of `side` in the middle of each place of a grid. */
function gridAnchors([, rows = 1, columns = 1]: readonly number[], side: number): Float32Array {
  return Float32Array.from({ length: rows * columns * 4 }, (_, i) => {
    const place = Math.floor(i / 4);
    const middle = [
      (Math.floor(place / columns) + 0.5) / rows,
      ((place % columns) + 0.5) / columns,
    ];
    return middle[i % 4] ?? side;
  });
}

function rawDetection(
  name: string,
  outputs: readonly TensorInfo[],
  raw: Omit<RawOutputs, 'anchors'>,
  settings: AnswerSettings,
): AnswerReader {
  const { shape = [] } = outputs[raw.boxes] ?? {};
  const given = settings.anchors;
  if (given === null) {
    throw new Error(
      `model ${name}: a detector with raw outputs needs its anchors: set "anchors" to their side ` +
        'or to a file of them',
    );
  }
  if ('side' in given && shape.length !== 4) {
    throw new Error(
      `model ${name}: its boxes are ${shape.join(' x ')}, no grid: set "anchors" to a file of ` +
        'anchors',
    );
  }
  const anchors = 'rows' in given ? given.rows : gridAnchors(shape, given.side);
  if (anchors.length !== count(shape)) {
    throw new Error(
      `model ${name}: there are ${anchors.length / 4} anchors for ${count(shape) / 4} boxes: set ` +
        '"anchors" to a file of this model',
    );
  }
  return new RawDetection(settings, { ...raw, anchors });
}

/** What the outputs look like: the task that a model is taken for where none is set. */
export function taskOf(outputs: readonly TensorInfo[]): Task {
  if (isFinished(outputs) || rawOutputs(outputs) !== null) return 'detection';
  const [first] = outputs;
  const [, rows = 1, columns = 1, channels = 1] = first?.shape ?? [];
  if (first?.shape.length !== 4) return 'classification';
  if (rows === 1 && channels === 3) return 'keypoints';
  return rows > 1 && columns > 1 ? 'mask' : 'classification';
}

/**
 * The reader of a model's answers. Throws where the task that is set does not fit the outputs.
 * `input` is the shape of the model's input: 1, height, width, channels.
 */
export function chooseReader(
  name: string,
  input: readonly number[],
  outputs: readonly TensorInfo[],
  settings: AnswerSettings,
): AnswerReader {
  const task: Task = settings.task === 'auto' ? taskOf(outputs) : settings.task;
  const shapes = outputs.map(({ shape }) => shape.join(' x ')).join(', ');
  const misfit = (wanted: string) =>
    new Error(`model ${name}: task ${task} needs ${wanted}; its outputs are ${shapes}`);
  const [first] = outputs;
  switch (task) {
    case 'classification':
      return new Classification(settings);
    case 'detection': {
      if (isFinished(outputs)) return new FinishedDetection(settings);
      const raw = rawOutputs(outputs);
      if (raw === null)
        throw misfit('boxes, classes, scores and their number, or boxes and classes');
      return rawDetection(name, outputs, raw, settings);
    }
    case 'keypoints': {
      if (first?.shape.at(-1) === 3 && (first.shape[1] ?? 0) === 1) return new PointRows(settings);
      if (first?.shape.length !== 4) throw misfit('heat maps, or rows of y, x and score');
      const [, height = 1, width = 1] = input;
      const hasOffsets = outputs[1]?.shape[3] === 2 * (first.shape[3] ?? 0);
      return new HeatMaps(settings, hasOffsets, { width, height });
    }
    case 'mask':
      if (first === undefined || first.shape.length < 3) throw misfit('a map of places');
      return new Mask(settings);
  }
}
