import type { Answer } from '../../stats/answer.ts';
import type { TensorBuffer } from '../tensor-buffer.ts';
import type { View } from './view.ts';

/** Reads an output by its number; the next read of the same one overwrites it. */
export type ReadOutput = (index: number) => TensorBuffer;

/** Makes an answer of a model's outputs. */
export interface AnswerReader {
  read(output: ReadOutput, view: View): Answer;
}

export interface AnswerSettings {
  task: 'auto' | 'classification' | 'detection' | 'keypoints' | 'mask';
  /** Less certain things are not told. */
  score: number;
  /** Of two detections of one label that overlap by more than this (intersection over union), the
   *  less certain one goes. */
  overlap: number;
  /** Side of the anchors of a detector that has one at each place of a grid, in shares of the
   *  input; where a file of anchors is named, that file's. */
  anchors: Anchors | null;
  /** What the values of a raw detector's classes are. */
  scores: 'softmax' | 'sigmoid' | 'none';
  labels: readonly string[];
  /** Classes that an answer names at most. */
  top: number;
}

/** What holds where nothing else is said. */
export const DEFAULT_ANSWERS: AnswerSettings = {
  task: 'auto',
  score: 0.5,
  overlap: 0.5,
  anchors: null,
  scores: 'softmax',
  labels: [],
  top: 3,
};

/** Rows of middle y, middle x, height and width in shares of the input. */
export type Anchors = { side: number } | { rows: Float32Array };
