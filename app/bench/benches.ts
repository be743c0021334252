import { alloc } from './alloc.ts';
import type { Bench, BenchContext } from './bench.ts';
import { claims } from './claims.ts';
import { concurrent } from './concurrent.ts';
import { load } from './load.ts';
import { describeMachine } from './machine.ts';
import { memory } from './memory.ts';
import { node } from './node.ts';
import { park } from './park.ts';
import type { BenchResult } from './result.ts';
import { stream } from './stream.ts';
import { switching } from './switch.ts';

/** In the order in which `all` runs them; the last one judges the others' figures. */
export const BENCHES: readonly Bench[] = [
  alloc,
  load,
  switching,
  concurrent,
  stream,
  memory,
  node,
  park,
  claims,
];

/** Runs one bench and says where and how its figures were made. */
export async function runBench(bench: Bench, context: BenchContext): Promise<BenchResult> {
  const start = performance.now();
  const findings = await bench.run(context);
  return {
    bench: bench.name,
    about: bench.about,
    command: `edgepool bench ${bench.name}`,
    machine: describeMachine(),
    ...findings,
    seconds: Math.round((performance.now() - start) / 100) / 10,
  };
}
