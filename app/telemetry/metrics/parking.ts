import type { ParkingSnapshot, PlaceSnapshot, WhereaboutsSnapshot } from '../../stats/snapshot.ts';
import type { Figure, Sample } from './figures.ts';

const BYTES_PER_MIB = 2 ** 20;

function parking(name: string, help: string, samples: (now: ParkingSnapshot) => Sample[]): Figure {
  return { name: `edgepool_${name}`, help, samples: (snapshot) => samples(snapshot.parking) };
}

/** A figure of each place; null has no series. */
function eachPlace(
  name: string,
  help: string,
  value: (place: PlaceSnapshot) => number | null,
): Figure {
  return parking(`place_${name}`, help, ({ places }) =>
    places.flatMap((figures) => {
      const found = value(figures);
      return found === null ? [] : [{ labels: { place: figures.place }, value: found }];
    }),
  );
}

function eachModel(
  name: string,
  help: string,
  value: (model: WhereaboutsSnapshot) => number,
): Figure {
  return parking(`model_${name}`, help, ({ models }) =>
    models.map((where) => ({ labels: { model: where.model }, value: value(where) })),
  );
}

const secondsPerByte = (msPerMib: number | null): number | null =>
  msPerMib === null ? null : msPerMib / (1000 * BYTES_PER_MIB);

/** What can fall as well as rise. */
export const PARKING_GAUGES: readonly Figure[] = [
  parking(
    'model_residence',
    'Always 1; where the memory of the model is: its state, and the place (none: resident).',
    ({ models }) =>
      models.map(({ model, state, place }) => ({
        labels: { model, state, place: place ?? 'none' },
        value: 1,
      })),
  ),
  eachModel('held_bytes', 'What the model has of the region now.', ({ held_bytes }) => held_bytes),
  eachModel(
    'live_bytes',
    'What a parked model has in use; 0 while it is resident.',
    ({ live_bytes }) => live_bytes,
  ),
  eachModel(
    'packed_bytes',
    'What a parked model takes packed: less than it has in use where it is compressed.',
    ({ packed_bytes }) => packed_bytes,
  ),
  eachPlace(
    'bound_bytes',
    'What the models of the place may hold together.',
    ({ bound_bytes }) => bound_bytes,
  ),
  eachPlace(
    'held_bytes',
    'What the models that wait in the place hold.',
    ({ held_bytes }) => held_bytes,
  ),
  eachPlace(
    'live_bytes',
    'What the models that wait in the place have in use: more than they hold where it is compressed.',
    ({ live_bytes }) => live_bytes,
  ),
  eachPlace(
    'kept_bytes',
    'What models that are back have left in the place, not to be written again.',
    ({ kept_bytes }) => kept_bytes,
  ),
  eachPlace('models', 'Models that wait in the place.', ({ models }) => models),
  eachPlace('park_seconds_per_byte', 'Measured.', ({ park_ms_per_mib }) =>
    secondsPerByte(park_ms_per_mib),
  ),
  eachPlace('restore_seconds_per_byte', 'Measured.', ({ restore_ms_per_mib }) =>
    secondsPerByte(restore_ms_per_mib),
  ),
];

/** What only rises, from 0 at the start of the program. */
export const PARKING_COUNTERS: readonly Figure[] = [
  eachPlace('parks_total', 'Models that were brought to the place.', ({ parks }) => parks),
  eachPlace(
    'restores_total',
    'Models that came back as they had been given.',
    ({ restores }) => restores,
  ),
  eachPlace(
    'failures_total',
    'Models that could not be brought to the place, and stayed where they were.',
    ({ failures }) => failures,
  ),
  eachPlace(
    'lost_total',
    'Models that did not come back as they had been given, and were loaded from their files.',
    ({ lost }) => lost,
  ),
  eachPlace(
    'written_bytes_total',
    'What was given to the place: on a disk, its wear.',
    ({ written_bytes }) => written_bytes,
  ),
  eachPlace(
    'unchanged_bytes_total',
    'What was in the place already and was not given again.',
    ({ unchanged_bytes }) => unchanged_bytes,
  ),
  eachPlace(
    'dropped_total',
    'Models that were back and whose bytes were given up in the place, to make room.',
    ({ dropped }) => dropped,
  ),
  eachPlace('read_bytes_total', 'What was read from the place.', ({ read_bytes }) => read_bytes),
];
