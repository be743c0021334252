import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';

const FOLDER = fileURLToPath(new URL('../../docs/mqtt/', import.meta.url));
const ENDING = '.schema.json';

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strictRequired: false });
for (const name of readdirSync(FOLDER).filter((file) => file.endsWith(ENDING))) {
  ajv.addSchema(JSON.parse(readFileSync(`${FOLDER}${name}`, 'utf8')));
}

/** What a payload must be, by the last part of its topic. */
const BY_TOPIC: [RegExp, string][] = [
  [/\/availability$/, 'availability'],
  [/\/state$/, 'state'],
  [/\/summary$/, 'summary'],
  [/\/model\/[^/]+\/result$/, 'result'],
  [/\/event$/, 'event'],
  [/\/response\/[^/]+$/, 'response'],
  [/\/lending$/, 'lending'],
];

/** Which schema of `docs/mqtt/` a topic has; throws where there is none. */
export function schemaOf(topic: string): string {
  const found = BY_TOPIC.find(([pattern]) => pattern.test(topic));
  if (found === undefined) throw new Error(`${topic}: no schema describes it`);
  return found[1];
}

/** What is wrong with a message, by its schema; an empty text where nothing is. */
export function faultOf(topic: string, payload: string): string {
  const name = schemaOf(topic);
  const check = ajv.getSchema(`${name}${ENDING}`);
  if (check === undefined) throw new Error(`docs/mqtt/${name}${ENDING} is missing`);
  // Nothing is lent any more.
  if (name === 'lending' && payload === '') return '';
  const value: unknown = name === 'availability' ? payload : JSON.parse(payload);
  return check(value) ? '' : `${topic} ${ajv.errorsText(check.errors)}: ${payload}`;
}
