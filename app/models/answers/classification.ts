import type { Answer } from '../../stats/answer.ts';
import { topClasses } from '../top-k.ts';
import type { AnswerReader, AnswerSettings, ReadOutput } from './answer-reader.ts';

/** The best classes of the first output. */
export class Classification implements AnswerReader {
  readonly #settings: AnswerSettings;

  constructor(settings: AnswerSettings) {
    this.#settings = settings;
  }

  read(output: ReadOutput): Answer {
    const { labels, top } = this.#settings;
    return { top: topClasses(output(0), labels, top) };
  }
}
