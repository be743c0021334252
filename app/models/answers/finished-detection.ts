import type { ReadOutput } from './answer-reader.ts';
import { Detection } from './detection.ts';
import type { Candidate } from './suppress.ts';
import type { View } from './view.ts';

/**
 * A detector with the operator TFLite_Detection_PostProcess at its end: boxes of top, left, bottom
 * and right in shares of the input, classes from 0 without the background, scores, and how many
 * (tensorflow/lite/kernels/detection_postprocess.cc).
 */
export class FinishedDetection extends Detection {
  protected candidates(output: ReadOutput, view: View): Candidate[] {
    const [boxes, classes, scores] = [0, 1, 2].map((index) => output(index).reals());
    const count = Math.min(output(3).reals()[0] ?? 0, scores?.length ?? 0);
    const candidates: Candidate[] = [];
    for (let i = 0; i < count; i++) {
      const score = scores?.[i] ?? 0;
      if (!(score >= this.settings.score)) continue;
      const [top, left, bottom, right] = [0, 1, 2, 3].map((side) => boxes?.[i * 4 + side] ?? 0);
      candidates.push({
        index: Math.round(classes?.[i] ?? 0),
        score,
        box: view.box(left as number, top as number, right as number, bottom as number),
      });
    }
    return candidates;
  }
}
