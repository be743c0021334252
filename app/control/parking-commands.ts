import { define } from './command.ts';

const PARKABLE = {
  type: 'string',
  minLength: 1,
  maxLength: 200,
  description: 'The name of a model that runs.',
} as const;

export const park = define({
  name: 'park',
  summary: 'Takes a model out of the stream and keeps it as it is, ready to come back.',
  kind: 'change',
  words: ['model'],
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['model'],
    properties: { model: PARKABLE },
  },
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
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['model'],
    properties: { model: { ...PARKABLE, description: 'The name of a model that is parked.' } },
  },
  async run({ model }, { models }) {
    return { model, restore_ms: await models.restore(model) };
  },
});

export const places = define({
  name: 'places',
  summary: 'Where parked models wait: what each place holds, and each model.',
  kind: 'read',
  words: [],
  schema: { type: 'object', additionalProperties: false, properties: {} },
  async run(_args, { models }) {
    return models.places();
  },
});
