/**
 * What `edgepool.yaml` on a board's boot partition may say: every setting of the program, and what
 * the board around it needs. Passwords and tokens stand in it by themselves; first boot takes them
 * into files of their own, so the settings that name such files are not among these.
 */
import { schema } from './schema.ts';
import type { SchemaNode } from './settings.ts';

/** As OpenSSH writes it into a `.pub` file. */
const KEY_TYPES = [
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp(256|384|521)',
  'sk-ssh-ed25519@openssh\\.com',
  'sk-ecdsa-sha2-nistp256@openssh\\.com',
].join('|');

const wifiSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['country', 'ssid'],
  description: 'The wireless network that the board joins. Left out: none.',
  properties: {
    country: {
      type: 'string',
      pattern: '^[A-Z]{2}$',
      expects: 'be the two capital letters of a country, such as DE',
      description: 'Where the board stands: which channels it may use.',
    },
    ssid: {
      type: 'string',
      pattern: '^[^\\u0000-\\u001f]{1,32}$',
      expects: 'be 1 to 32 characters',
      description: "The network's name.",
    },
    password: {
      secret: true,
      type: ['string', 'null'],
      pattern: '^([\\u0020-\\u007e]{8,63}|[0-9a-fA-F]{64})$',
      expects: 'have 8 to 63 characters without accents',
      description: 'Taken to the board and wiped from the file. Left out: an open network.',
    },
    hidden: { type: 'boolean', description: 'Whether the network does not tell its name.' },
  },
} as const;

const mqttSecrets = {
  password: {
    secret: true,
    type: ['string', 'null'],
    pattern: '^[^\\r\\n\\u0000]+$',
    expects: 'be one line',
    description: 'For the broker. Taken to the board and wiped from the file.',
  },
} as const;

const dashboardSecrets = {
  token: {
    secret: true,
    type: ['string', 'null'],
    pattern: '^[\\u0021-\\u007e]{16,}$',
    expects: 'have at least 16 characters, without spaces and accents',
    description:
      'Whoever brings it may change something on the page. Taken to the board and wiped from the ' +
      'file.',
  },
} as const;

const { notices_file: _notices, ...settings } = schema.properties;
const { password_file: _password, ...mqtt } = schema.properties.mqtt.properties;
const { token_file: _token, ...dashboard } = schema.properties.dashboard.properties;

/** Settings of the board itself: they are not the program's. */
export const boardSettings = {
  wifi: wifiSchema,
  time_zone: {
    type: 'string',
    pattern: '^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$',
    expects: 'be a name such as Europe/Berlin',
    description: 'Of the log and the console; messages have UTC. Left out: UTC.',
  },
  host_name: {
    type: 'string',
    pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
    expects: 'be 1 to 63 of a-z, 0-9 and -',
    description:
      'The board answers to it with `.local` behind it. Left out: `edgepool-` and six hexadecimal ' +
      "digits of the board's serial number or machine id.",
  },
  ssh_keys: {
    type: 'array',
    maxItems: 64,
    items: {
      // Somebody may have put the private one there.
      secret: true,
      type: 'string',
      pattern: `^(${KEY_TYPES}) [A-Za-z0-9+/]{32,}={0,3}( [^\\r\\n]*)?$`,
      expects: 'be a public key as in a .pub file, such as ssh-ed25519 AAAA... name',
    },
    description: 'Whoever has one of these keys may log in as root. Left out: nobody, no SSH.',
  },
} as const;

export const boardSchema: SchemaNode = {
  ...schema,
  properties: {
    ...settings,
    mqtt: { ...schema.properties.mqtt, properties: { ...mqtt, ...mqttSecrets } },
    dashboard: {
      ...schema.properties.dashboard,
      properties: { ...dashboard, ...dashboardSecrets },
    },
    ...boardSettings,
  },
};
