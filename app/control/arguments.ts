/** Arguments that several commands have. */

export const RUNNING = {
  type: 'string',
  minLength: 1,
  maxLength: 200,
  description: 'The name of a model that runs.',
} as const;

export const PARKED = { ...RUNNING, description: 'The name of a model that is parked.' } as const;

/** A model and nothing else. */
export const RUNNING_ALONE = {
  type: 'object',
  additionalProperties: false,
  required: ['model'],
  properties: { model: RUNNING },
} as const;

export const PARKED_ALONE = { ...RUNNING_ALONE, properties: { model: PARKED } } as const;

export const NO_ARGUMENTS = {
  type: 'object',
  additionalProperties: false,
  properties: {},
} as const;
