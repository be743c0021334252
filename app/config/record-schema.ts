/** Keeping what a camera gives. */
export const recordSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description:
    'Keeps the frames of a source in a file that `y4m:FILE` gives back bit for bit. Frames that the ' +
    'disk is too slow for are left out and counted; the models never wait for it.',
  properties: {
    file: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description:
        'The YUV4MPEG2 file, which must not exist yet. null: nothing is kept. A minute of 1280x720 ' +
        'at 30 frames a second has 2.5 GB.',
    },
    source: {
      type: ['string', 'null'],
      default: null,
      description: 'Whose frames. null: those of the only source.',
    },
    max_mb: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1073741824,
      default: 4096,
      description: 'The file grows no larger, in MiB: the recording ends there, and says so.',
    },
  },
} as const;
