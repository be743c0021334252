/** Where models wait that are parked. */
export const parkingSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'Models that are parked keep their memory, or give a part of it to others.',
  properties: {
    memory_mb: {
      type: ['number', 'null'],
      minimum: 0,
      default: null,
      description:
        'What parked models may hold of the region together, in MiB. null: all of it. What others ' +
        'need of it they get: the region then packs those that are parked longest.',
    },
    patience_ms: {
      type: 'number',
      minimum: 0,
      maximum: 60000,
      default: 1000,
      description: 'How long a model may take until it is idle. One that is not is not parked.',
    },
  },
} as const;
