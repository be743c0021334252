import type { Answer } from '../stats/answer.ts';

export interface ResultGateOptions {
  /** Between two answers of one model. */
  interval_ms: number;
  /** changed: only an answer that says something new passes. */
  passes: 'changed' | 'all';
}

/**
 * What an answer says, without scores and places, which change with every frame: which things are
 * there and how many of each, or which class comes first.
 */
export function gistOf({ top, detections, keypoints, mask }: Answer): string {
  const things = detections ?? keypoints ?? mask;
  if (things === undefined) return JSON.stringify(top[0]?.label ?? null);
  return JSON.stringify(things.map(({ label }) => label).sort());
}

/** Lets so few answers of each model pass that a house can bear them. */
export class ResultGate {
  readonly #options: ResultGateOptions;
  readonly #last = new Map<string, { gist: string; at_ms: number }>();

  constructor(options: ResultGateOptions) {
    this.#options = options;
  }

  passes(model: string, answer: Answer, now_ms: number): boolean {
    const { interval_ms, passes } = this.#options;
    const last = this.#last.get(model);
    if (last !== undefined && now_ms - last.at_ms < interval_ms) return false;
    const gist = passes === 'all' ? '' : gistOf(answer);
    if (passes === 'changed' && last?.gist === gist) return false;
    this.#last.set(model, { gist, at_ms: now_ms });
    return true;
  }
}
