import { announcedUrl, serverAccess } from './server-access.ts';

/** Memory of the region that is lent to a server of this machine. */
export const lendSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description:
    'Memory of the region that its models leave free beyond the reserve (`region.reserve`) is lent ' +
    'to a Valkey or Redis server on this machine, for the parked models of neighbours, and taken ' +
    "back when this board's own models need it.",
  properties: {
    mb: {
      type: 'number',
      minimum: 0,
      default: 0,
      description: 'What is lent at most, in MiB, in whole extents of 2 MiB. 0: nothing is.',
    },
    own_mb: {
      type: 'number',
      minimum: 4,
      default: 16,
      description:
        'What the server may hold where nothing is lent to it, in MiB. Its `maxmemory` is this and ' +
        'what is lent; its `maxmemory-policy` must let it drop something.',
    },
    url: {
      ...serverAccess.url,
      type: 'string',
      expects: 'be a URL such as redis://127.0.0.1:6379, without a password',
      default: 'redis://127.0.0.1:6379',
      description: 'The server, by `redis://`, or by TLS, `rediss://`.',
    },
    announce: {
      ...announcedUrl,
      type: ['string', 'null'],
      expects: 'be a URL such as rediss://gateway.local:6379, without user, password and path',
      default: null,
      description:
        'Where other boards reach this server, by TLS alone: it is told by MQTT ' +
        '(`<base>/<device>/lending`) for as long as something is lent, to those whose ' +
        '`parking.neighbour.discover` is true. null: nobody is told.',
    },
    username: {
      ...serverAccess.username,
      description:
        "Of the server's access list; may `config|set`, `info` and `memory|purge`. null: its default user.",
    },
    password: serverAccess.password,
    ca: {
      ...serverAccess.ca,
      description:
        "A PEM file of the authorities that a rediss server's certificate may come from. null: " +
        'those that Node knows.',
    },
    companion: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description:
        "The Unix socket of the service that sets the kernel's counts of huge pages, " +
        '`edgepool-hugepages`: a region of reserved huge pages lends by it alone. On the board it is ' +
        '`/run/edgepool-hugepages.sock`. null: such a region lends nothing.',
    },
    patience_ms: {
      type: 'number',
      minimum: 10,
      maximum: 60000,
      default: 5000,
      description:
        'How long the server may take to give memory up that is taken back, and the system to have it.',
    },
  },
} as const;
