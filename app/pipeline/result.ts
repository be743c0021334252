import type { Answer } from '../stats/answer.ts';

/** What a model has found on a frame. */
export interface Result extends Answer {
  model: string;
  source: string;
  /** Of the source. */
  number: number;
  captured_ns: number;
  /** From capture to this answer. */
  latency_ms: number;
  invoke_ms: number;
  in_time: boolean;
}
