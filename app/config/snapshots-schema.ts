/** Pictures that the command `snapshot` takes. */
export const snapshotsSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'Pictures that the command `snapshot` keeps at this machine.',
  properties: {
    folder: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description:
        'Where they are kept. null: `snapshots` in the folder that systemd gives ' +
        '($STATE_DIRECTORY), else in `edgepool` of $XDG_STATE_HOME or ~/.local/state.',
    },
    most: {
      type: 'integer',
      minimum: 1,
      maximum: 100000,
      default: 100,
      description: 'So many are kept; the oldest go.',
    },
  },
} as const;
