import type { Camera } from './camera.ts';
import type { Lane } from './lane.ts';

/** A model may take so many times its slowest answer until now, or its load, which has had one, and a
 *  camera so many of its periods, where that is longer than the patience. */
const TIMES = 4;

/** True iff something that began then takes longer than its limit. */
const overdue = (since_ms: number | null, limit_ms: number, now_ms: number): boolean =>
  since_ms !== null && now_ms - since_ms > limit_ms;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/**
 * What hangs, in one line: a model's thread that has had one frame for too long, or a camera's that
 * has neither given a frame nor said that it has none. Null where nothing does. A model without work
 * and a camera that is away do not hang.
 */
export function standstill(
  cameras: readonly Camera[],
  lanes: readonly Lane[],
  patience_ms: number,
  now_ms: number,
): string | null {
  for (const { model, inWorkSince_ms, tally } of lanes) {
    const { slowest_ms } = tally;
    const limit_ms = Math.max(patience_ms, TIMES * Math.max(slowest_ms, model.loadMs));
    if (!overdue(inWorkSince_ms, limit_ms, now_ms)) continue;
    return `model ${model.name} has had one frame for more than ${seconds(limit_ms)}`;
  }
  for (const { name, expectedSince_ms, periodNs } of cameras) {
    const limit_ms = Math.max(patience_ms, (TIMES * periodNs) / 1e6);
    if (!overdue(expectedSince_ms, limit_ms, now_ms)) continue;
    return `source ${name} has given no frame for more than ${seconds(limit_ms)}`;
  }
  return null;
}
