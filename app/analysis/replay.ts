import type { Phase, Step, Trace } from './trace.ts';

/** One block from the step that made it to the one that freed it. A resize ends one, begins one. */
export interface Life {
  offset: number;
  /** Requested. */
  bytes: number;
  alignment: number;
  phase: Phase;
  thread: number;
  /** Numbers of the steps; `died` is null for what is still there at the end. */
  born: number;
  died: number | null;
  bornNs: number;
  diedNs: number | null;
}

export interface Replay {
  /** In order of birth. */
  lives: Life[];
  /** Bytes requested and live after each step. */
  live: number[];
  /** The step after which most was live. */
  peakStep: number;
}

/** Follows every block through the trace. Throws where the trace contradicts itself. */
export function replay({ steps }: Trace): Replay {
  const lives: Life[] = [];
  const there = new Map<number, Life>();
  const live: number[] = [];
  let now = 0;
  let peakStep = 0;
  steps.forEach((step, index) => {
    if (step.operation !== 'alloc') now -= end(there, step, index);
    if (step.operation !== 'free') {
      const life = begin(step, index);
      if (there.has(life.offset)) throw new Error(`step ${index}: a block where one is already`);
      there.set(life.offset, life);
      lives.push(life);
      now += life.bytes;
    }
    live.push(now);
    if (now > (live[peakStep] ?? 0)) peakStep = index;
  });
  return { lives, live, peakStep };
}

function begin({ offset, bytes, alignment, phase, thread, timeNs }: Step, born: number): Life {
  return {
    offset,
    bytes,
    alignment,
    phase,
    thread,
    born,
    died: null,
    bornNs: timeNs,
    diedNs: null,
  };
}

function end(there: Map<number, Life>, step: Step, index: number): number {
  const offset = step.operation === 'free' ? step.offset : step.oldOffset;
  const life = there.get(offset);
  if (life === undefined) throw new Error(`step ${index}: frees a block that is not there`);
  there.delete(offset);
  life.died = index;
  life.diedNs = step.timeNs;
  return life.bytes;
}

/** Whether the block was there after a step. */
export function isThere({ born, died }: Life, step: number): boolean {
  return born <= step && (died === null || died > step);
}
