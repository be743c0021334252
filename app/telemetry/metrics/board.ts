import type { BoardSnapshot, PressureSnapshot, SpaceSnapshot } from '../../stats/snapshot.ts';
import type { Figure, Sample } from './figures.ts';

/** A figure of the machine; what it does not tell has no series. */
function board(name: string, help: string, samples: (board: BoardSnapshot) => Sample[]): Figure {
  return { name: `edgepool_${name}`, help, samples: (snapshot) => samples(snapshot.board) };
}

function told(value: number | null): Sample[] {
  return value === null ? [] : [{ value }];
}

function conditions({ throttling }: BoardSnapshot, when: 'now' | 'since_start'): Sample[] {
  return Object.entries(throttling ?? {}).map(([condition, state]) => ({
    labels: { condition },
    value: Number(state[when]),
  }));
}

function spaces({ space }: BoardSnapshot, value: (space: SpaceSnapshot) => number): Sample[] {
  return Object.entries(space).flatMap(([place, found]) =>
    found === null ? [] : [{ labels: { place }, value: value(found) }],
  );
}

type Unit = 'ratio' | 'seconds';

function pressures({ memory_pressure }: BoardSnapshot, unit: Unit): Sample[] {
  const parts = (pressure: PressureSnapshot) => [
    { share: 'some', value: pressure[`some_${unit}`] },
    { share: 'full', value: pressure[`full_${unit}`] },
  ];
  return Object.entries(memory_pressure).flatMap(([scope, pressure]) =>
    pressure === null
      ? []
      : parts(pressure).map(({ share, value }) => ({ labels: { scope, share }, value })),
  );
}

/** What can fall as well as rise. */
export const BOARD_GAUGES: readonly Figure[] = [
  board('temperature_celsius', 'Of the processor, or of the hottest sensor.', (now) =>
    told(now.temperature_celsius),
  ),
  board('clock_hertz', 'Of the fastest processor, as the kernel has set it.', (now) =>
    told(now.clock_hz),
  ),
  board('load_average', 'Threads that run or want to, averaged over a minute.', (now) =>
    told(now.load_average),
  ),
  board('throttled', '1 while the firmware keeps the board alive, by condition.', (now) =>
    conditions(now, 'now'),
  ),
  board('throttled_since_start', '1 once it did since the program started.', (now) =>
    conditions(now, 'since_start'),
  ),
  board(
    'memory_pressure_ratio',
    'Share of ten seconds in which some threads, or all (full), waited for memory.',
    (now) => pressures(now, 'ratio'),
  ),
  board('filesystem_free_bytes', 'What the program could still fill.', (now) =>
    spaces(now, (space) => space.free_bytes),
  ),
  board('filesystem_size_bytes', 'The size of the file system.', (now) =>
    spaces(now, (space) => space.size_bytes),
  ),
];

/** What only rises, from 0 at the start of the machine. */
export const BOARD_COUNTERS: readonly Figure[] = [
  board(
    'memory_pressure_seconds_total',
    'Time in which some threads, or all (full), waited for memory.',
    (now) => pressures(now, 'seconds'),
  ),
];
