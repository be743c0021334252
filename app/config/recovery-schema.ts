/** What becomes of models that fail where nobody looks on. */
export const recoverySchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description:
    'What the program does about models that fail, where nobody is there to look: docs/board.md.',
  properties: {
    refused_models: {
      type: 'string',
      enum: ['stop', 'leave_out'],
      default: 'stop',
      description:
        'When a model is refused at the start. stop: the program ends and says which. leave_out: the ' +
        'others run, and an event `model_refused` names it; with none left, the models that last ran ' +
        'well do, or the default job.',
    },
    state_folder: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description:
        'Where the program keeps which models last ran well. null: in the state directory that a ' +
        'service manager gives it (STATE_DIRECTORY), else nowhere.',
    },
    good_after_seconds: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 180,
      description:
        'Models have run well when they have all answered for so long, with nothing that stood still.',
    },
    starts: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 3,
      description:
        'After so many starts in a row that were cut off before the models had run well, those that ' +
        'last did are started instead, else the default job, and an event `models_fallback` says so.',
    },
  },
} as const;
