import { serverAccess } from './server-access.ts';

/** A server in whose memory models wait that are parked. */
export const neighbourSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description:
    'A Valkey or Redis server, on the board next door for example, in whose memory parked models ' +
    'wait, sealed. Losing any of it costs time: the model is loaded from its file.',
  properties: {
    url: {
      ...serverAccess.url,
      type: ['string', 'null'],
      expects: 'be a URL such as rediss://host:6379, without a password',
      default: null,
      description: '`rediss://host:6379`, by TLS, or `redis://host:6379`. null: there is none.',
    },
    discover: {
      type: 'boolean',
      default: false,
      description:
        'true, in place of `url`: of the boards that announce by MQTT that they lend, below the same ' +
        '`mqtt.base`, it takes the one with the most room, and another one when that goes. Needs `ca`: ' +
        'a server that this does not vouch for gets neither user and password nor anything else.',
    },
    cluster: {
      type: 'boolean',
      default: false,
      description:
        'The server is one of a cluster, which shares the pieces out. Where one of them is lost, ' +
        'only what it had is.',
    },
    username: {
      ...serverAccess.username,
      description:
        "Of the server's access list; may `ping`, `set`, `get`, `expire` and `unlink` keys `edgepool:*`, in " +
        'a cluster `cluster|slots` and `cluster|info` too. null: its default user.',
    },
    password: serverAccess.password,
    ca: {
      ...serverAccess.ca,
      description:
        "A PEM file of the authorities that a rediss server's certificate may come from. null: " +
        "those that Node knows. A server that cannot be verified isn't used.",
    },
    mb: {
      type: 'number',
      minimum: 1,
      default: 256,
      description:
        'What parked models may hold there together, in MiB, and what those have left that are back.',
    },
    expiry_s: {
      type: 'integer',
      minimum: 1,
      maximum: 2592000,
      default: 86400,
      description:
        'The server drops what was parked longer ago, and what a program has left that is gone.',
    },
    timeout_ms: {
      type: 'integer',
      minimum: 10,
      maximum: 60000,
      default: 2000,
      description:
        'For a connection and for each piece of 1 MiB; then the server is taken for lost.',
    },
  },
} as const;
