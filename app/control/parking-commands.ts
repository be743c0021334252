import { PLACE_NAMES } from '../parking/place.ts';
import { NO_ARGUMENTS, PARKED_ALONE, RUNNING_ALONE } from './arguments.ts';
import { define } from './command.ts';

const PLACE = {
  type: 'string',
  enum: PLACE_NAMES,
  description:
    'Where it waits. memory: in the region, unless others need it. disk, neighbour: outside, where ' +
    'the settings give such a place, and all of its memory is for others. Left out: memory.',
} as const;

export const park = define({
  name: 'park',
  summary: 'Takes a model out of the stream and keeps it as it is, ready to come back.',
  kind: 'change',
  words: ['model'],
  schema: {
    ...RUNNING_ALONE,
    properties: { ...RUNNING_ALONE.properties, place: PLACE },
  },
  async run({ model, place = 'memory' }, { models }) {
    return { ...(await models.park(model, place)) };
  },
});

export const restore = define({
  name: 'restore',
  summary:
    'Gives a parked model its memory back, the same bytes at the same addresses, and frames.',
  kind: 'change',
  words: ['model'],
  schema: PARKED_ALONE,
  async run({ model }, { models }) {
    return { model, restore_ms: await models.restore(model) };
  },
});

export const places = define({
  name: 'places',
  summary: 'Where parked models wait: what each place may hold, holds and costs, and each model.',
  kind: 'read',
  words: [],
  schema: NO_ARGUMENTS,
  async run(_args, { models }) {
    return models.places();
  },
});
