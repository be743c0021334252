/** The settings of MQTT. */
const tlsSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    ca: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description:
        'A PEM file of the authorities that the certificate of an mqtts or wss broker may come ' +
        "from. null: those that Node knows. A broker that cannot be verified isn't used.",
    },
    certificate: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description: 'A PEM file with the certificate that this device shows to the broker.',
    },
    key: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description: 'A PEM file with the key of that certificate.',
    },
    server_name: {
      type: ['string', 'null'],
      default: null,
      description: "The name that the broker's certificate must have. null: the URL's host.",
    },
  },
} as const;

export const mqttSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'How the device tells others how it is doing.',
  properties: {
    broker: {
      type: 'string',
      format: 'broker',
      expects: 'be embedded, none or a URL such as mqtt://host:1883',
      default: 'embedded',
      description:
        'URL of a broker (`mqtt://host:1883`, `mqtts://host:8883`), `embedded` for one inside the ' +
        'program that listens on the loopback address alone, or `none`.',
    },
    base: {
      type: 'string',
      pattern: '^[^/+#\\s\\u0000]+(/[^/+#\\s\\u0000]+)*$',
      maxLength: 128,
      expects: 'be a topic without spaces, + and #',
      default: 'edgepool',
      description: 'Topics begin with `<base>/<device>/`.',
    },
    username: {
      type: ['string', 'null'],
      default: null,
      description: 'For the broker. null: the credential `mqtt_username` of the service, if any.',
    },
    password: {
      secret: true,
      type: ['string', 'null'],
      default: null,
      description: 'For the broker. `password_file` is a better place for it.',
    },
    password_file: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description:
        'A file that holds the password alone; read anew for every connection. null: the ' +
        'credential `mqtt_password` of the service (`LoadCredential=` of systemd), if any.',
    },
    tls: tlsSchema,
    state_seconds: {
      type: 'number',
      minimum: 0.1,
      maximum: 3600,
      default: 1,
      description: 'Between two `state` messages.',
    },
    summary_seconds: {
      type: 'number',
      minimum: 0.1,
      maximum: 86400,
      default: 10,
      description: 'Between two `summary` messages, which Home Assistant reads.',
    },
    results: {
      type: 'string',
      enum: ['changed', 'all'],
      default: 'changed',
      description:
        "changed: a model's answer is published when it says something else than before: another " +
        'class first, other things or another number of them. all: each.',
    },
    result_seconds: {
      type: 'number',
      minimum: 0,
      maximum: 3600,
      default: 1,
      description: 'The least time between two answers of a model that are published. 0: none.',
    },
    commands_per_second: {
      type: 'number',
      minimum: 0,
      maximum: 100000,
      default: 20,
      description: 'Commands that are taken from `set/` in a second, others are ignored. 0: none.',
    },
    pictures: {
      type: 'boolean',
      default: false,
      description:
        'true: the command `snapshot` by MQTT is answered with a picture of what a camera sees. ' +
        'false: no picture leaves by MQTT.',
    },
    discovery_prefix: {
      type: ['string', 'null'],
      pattern: '^[^/+#\\s\\u0000]+(/[^/+#\\s\\u0000]+)*$',
      maxLength: 128,
      expects: 'be a topic without spaces, + and #',
      default: 'homeassistant',
      description:
        'Where Home Assistant looks for devices (`<prefix>/device/<device>/config`). null: it is ' +
        'told nothing.',
    },
    queue_bytes: {
      type: 'integer',
      minimum: 0,
      maximum: 268435456,
      default: 262144,
      description: 'How much is kept while the broker is away; the oldest goes first.',
    },
    events_file: {
      path: true,
      type: ['string', 'null'],
      default: null,
      description:
        'A file that keeps the events that wait for the broker, so that they outlive a power cut; ' +
        'written at most once a second, and not while the broker is there. null: none.',
    },
    queue_seconds: {
      type: 'number',
      minimum: 0,
      maximum: 86400,
      default: 300,
      description: 'How long a message is kept while the broker is away.',
    },
  },
} as const;
