import { check, sharedError } from '../native/call.ts';
import type { Native } from '../native/native.ts';

/** Where and how eagerly a thread runs. */
export interface Placement {
  /** Processors that it may run on; null or empty: wherever it may. */
  cpus: readonly number[] | null;
  /** SCHED_FIFO with this priority, 1 to 99; 0: an ordinary thread. */
  realtime: number;
  /** 0 to 19, of an ordinary thread: a higher one yields to a lower one. */
  nice: number;
}

/** Throws one line that names the limit in the way. */
export function placeThread(native: Native, thread: number, { cpus, ...rest }: Placement): void {
  const error = sharedError();
  const mask = (cpus ?? []).reduce((sum, cpu) => sum | (1n << BigInt(cpu)), 0n);
  check(native.ep_thread_schedule(thread, { cpus: mask, ...rest }, error), error);
}
