import type { Answer } from '../../stats/answer.ts';
import { labelOf } from '../labels.ts';
import type { AnswerReader, AnswerSettings, ReadOutput } from './answer-reader.ts';
import { type Candidate, suppress } from './suppress.ts';
import type { View } from './view.ts';

/** What an answer tells at most. */
const MOST_DETECTIONS = 100;

/** A detector: its candidates, the doubled ones taken out, as boxes with labels. */
export abstract class Detection implements AnswerReader {
  protected readonly settings: AnswerSettings;

  constructor(settings: AnswerSettings) {
    this.settings = settings;
  }

  protected abstract candidates(output: ReadOutput, view: View): Candidate[];

  read(output: ReadOutput, view: View): Answer {
    const { labels, overlap, top } = this.settings;
    const kept = suppress(this.candidates(output, view), overlap, MOST_DETECTIONS);
    const detections = kept.map(({ index, score, box }) => ({
      label: labelOf(labels, index),
      score,
      box,
    }));
    return {
      top: detections.slice(0, top).map(({ label, score }) => ({ label, score })),
      detections,
    };
  }
}
