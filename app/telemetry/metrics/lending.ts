import type { LendingSnapshot } from '../../stats/snapshot.ts';
import type { Figure } from './figures.ts';

/** A figure of a machine that lends; null has no series. */
function lending(
  name: string,
  help: string,
  value: (now: LendingSnapshot) => number | null,
): Figure {
  return {
    name: `edgepool_lending_${name}`,
    help,
    samples: ({ parking }) => {
      const found = parking.lending === null ? null : value(parking.lending);
      return found === null ? [] : [{ value: found }];
    },
  };
}

/** What can fall as well as rise. */
export const LENDING_GAUGES: readonly Figure[] = [
  lending(
    'bound_bytes',
    'What may be lent of the region at most.',
    ({ bound_bytes }) => bound_bytes,
  ),
  lending('lent_bytes', 'What is lent of the region now.', ({ lent_bytes }) => lent_bytes),
  lending(
    'server_limit_bytes',
    'What the server may hold, its own included.',
    ({ server_limit_bytes }) => server_limit_bytes,
  ),
  lending(
    'server_used_bytes',
    'What the server holds of what it may.',
    ({ server_used_bytes }) => server_used_bytes,
  ),
];

/** What only rises, from 0 at the start of the program. */
export const LENDING_COUNTERS: readonly Figure[] = [
  lending(
    'extents_lent_total',
    'Extents of 2 MiB that were lent.',
    ({ extents_lent }) => extents_lent,
  ),
  lending(
    'extents_taken_back_total',
    'Extents of 2 MiB that were taken back.',
    ({ extents_taken_back }) => extents_taken_back,
  ),
  lending(
    'failures_total',
    'Steps one way or the other that could not be made, and were tried again.',
    ({ failures }) => failures,
  ),
];
