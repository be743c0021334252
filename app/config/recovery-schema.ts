/** What becomes of what fails or is away where nobody looks on. */
export const recoverySchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description:
    'What the program does about what fails or is away, where nobody is there to look: docs/board.md.',
  properties: {
    absent_cameras: {
      type: 'string',
      enum: ['stop', 'wait'],
      default: 'stop',
      description:
        'When a camera (v4l2) is missing or in use at the start. stop: the program ends and says which. ' +
        'wait: the program starts, says so by an event `error`, and uses the camera when it is there; ' +
        'memory is kept for frames of its `width` and `height` in any format.',
    },
    refused_models: {
      type: 'string',
      enum: ['stop', 'leave_out'],
      default: 'stop',
      description:
        'When a model is refused at the start. stop: the program ends and says which. leave_out: the ' +
        'others run, and an event `model_refused` names it; with none left, the models that last ran ' +
        'well do, or the default job.',
    },
    refused_settings: {
      type: 'string',
      enum: ['stop', 'leave_out'],
      default: 'stop',
      description:
        'When the last of several configuration files is damaged or has a setting that is refused. stop: ' +
        'the program ends and says which. leave_out: it runs with the files before that one, and an event ' +
        '`settings_refused` says why. Read from those files.',
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
