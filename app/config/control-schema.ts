/** Where the running program takes commands, and which files they may name. */
export const controlSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'Commands to the running program: docs/commands.md.',
  properties: {
    socket: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description:
        'The Unix socket that takes commands of the same user alone. null: `edgepool/control.sock` ' +
        'in the folder of the session ($XDG_RUNTIME_DIR), else in the one that systemd gives ' +
        '($RUNTIME_DIRECTORY), else in /run for root and in the temporary folder for others.',
    },
    models_folder: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description:
        'Commands load models and labels from this folder alone. null: the folder of the first ' +
        'model.',
    },
  },
} as const;
