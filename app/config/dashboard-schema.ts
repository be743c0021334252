/** The local web page. */
export const dashboardSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'The web page and /metrics: docs/dashboard.md.',
  properties: {
    port: {
      type: ['integer', 'null'],
      minimum: 0,
      maximum: 65535,
      default: 8080,
      description:
        'The port of the page. 8080 that is taken: a free one, which the start names. 0: a free ' +
        'one. null: no page.',
    },
    address: {
      type: 'string',
      minLength: 1,
      default: '127.0.0.1',
      description:
        'The address that it listens on. The loopback address: for this machine alone. 0.0.0.0: for ' +
        'every machine that reaches this one.',
    },
    pictures: {
      type: 'string',
      enum: ['here', 'everywhere', 'nowhere'],
      default: 'here',
      description:
        'Who may see what the cameras see. here: this machine alone; everywhere: every machine that ' +
        'sees the page; nowhere: nobody.',
    },
    token_file: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description:
        'A file with the token that a request must bring to change anything, at least 16 ' +
        'characters. null: the page changes nothing.',
    },
    upload_max_mb: {
      type: 'number',
      minimum: 0,
      maximum: 16384,
      default: 256,
      description:
        'The largest model, in MiB, that may be uploaded with the token. 0: none may be.',
    },
  },
} as const;
