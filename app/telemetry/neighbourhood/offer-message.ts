import { Ajv, type ValidateFunction } from 'ajv';
import { announcedUrl } from '../../config/server-access.ts';
import type { Offer } from '../../stats/offer.ts';

/** What a board that lends says of it, retained: the schema of its message. */
export const offerSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'lending.schema.json',
  title: 'lending: retained, where memory that the device lends can be used; empty: it lends none',
  type: 'object',
  additionalProperties: true,
  required: ['boot', 'sequence', 'time', 'url', 'free_bytes'],
  properties: {
    boot: {
      type: 'string',
      pattern: '^[0-9a-f]{8}$',
      description: 'Another one at every start of the program.',
    },
    sequence: {
      type: 'integer',
      minimum: 1,
      description:
        'Counts the messages of this start; a number that never comes is a message that was dropped.',
    },
    time: {
      type: 'string',
      pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$',
      description: 'When the message was made, in UTC.',
    },
    url: {
      type: 'string',
      ...announcedUrl,
      description: 'Of a Valkey or Redis server, as parking.lend.announce says; never a password.',
    },
    free_bytes: {
      type: 'integer',
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'What the server has room for.',
    },
  },
} as const;

const LARGEST_BYTES = 1024;
const URL_WORDS = 'url must be rediss://host:port and nothing else';

/** Reads what boards announce; what it says of a message that cannot be used repeats none of it. */
export class OfferReader {
  #check: ValidateFunction | null = null;

  /** What is announced, or what is wrong with it in a few words. */
  read(payload: Buffer): Omit<Offer, 'device'> | string {
    if (payload.length > LARGEST_BYTES) return `it has more than ${LARGEST_BYTES} bytes`;
    const value = parsed(payload);
    if (value === undefined) return 'it is no JSON';
    this.#check ??= new Ajv().compile(offerSchema);
    if (!this.#check(value)) return whyNot(this.#check);
    const { url, free_bytes } = value as Offer;
    if (!URL.canParse(url)) return URL_WORDS;
    return { url, free_bytes };
  }
}

function whyNot({ errors }: ValidateFunction): string {
  const [error] = errors ?? [];
  if (error?.instancePath === '/url') return URL_WORDS;
  return `${error?.instancePath.slice(1) || 'it'} ${error?.message ?? 'cannot be used'}`;
}

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
