import { NO_ARGUMENTS, PARKED_ALONE, RUNNING_ALONE } from './arguments.ts';
import { define } from './command.ts';

export const park = define({
  name: 'park',
  summary: 'Takes a model out of the stream and keeps it as it is, ready to come back.',
  kind: 'change',
  words: ['model'],
  schema: RUNNING_ALONE,
  async run({ model }, { models }) {
    return { ...(await models.park(model)) };
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
  summary: 'Where parked models wait: what each place holds, and each model.',
  kind: 'read',
  words: [],
  schema: NO_ARGUMENTS,
  async run(_args, { models }) {
    return models.places();
  },
});
