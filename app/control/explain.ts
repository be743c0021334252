import type { ErrorObject } from 'ajv';
import { nearest } from '../config/nearest.ts';
import { quoted } from './answer.ts';
import type { Command } from './command.ts';

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  array: 'a list',
  object: 'an object',
  null: 'null',
  boolean: 'true or false',
};

/** What the value must do, to stand after "must". */
function demand({ keyword, params, parentSchema, message }: ErrorObject): string {
  const { limit, type, allowedValues } = params as Record<string, unknown>;
  switch (keyword) {
    case 'type':
      return `be ${[type]
        .flat()
        .map((name) => WORDS[String(name)] ?? String(name))
        .join(' or ')}`;
    case 'enum':
      return `be ${(allowedValues as unknown[]).map(String).join(' or ')}`;
    case 'minimum':
      return `be at least ${limit}`;
    case 'maximum':
      return `be at most ${limit}`;
    case 'exclusiveMinimum':
      return `be more than ${limit}`;
    case 'minLength':
      return 'not be empty';
    case 'maxLength':
      return `have at most ${limit} characters`;
    case 'pattern':
      return String(parentSchema?.expects ?? message);
    default:
      return (message ?? 'be valid').replace(/^must /, '');
  }
}

/** Says in one line what is wrong with a command's arguments, and what there is instead. */
export function explain({ name, schema }: Command, errors: readonly ErrorObject[]): string {
  const [error] = errors;
  const known = Object.keys(schema.properties);
  if (error === undefined) return `${name}: the arguments are wrong`;
  const { keyword, params, instancePath, data } = error;
  const { additionalProperty, missingProperty } = params as Record<string, string>;
  if (keyword === 'additionalProperties') {
    const there =
      known.length === 0
        ? 'this command takes none'
        : `the nearest is ${nearest(String(additionalProperty).slice(0, 64), known)}`;
    return `${name}: ${quoted(additionalProperty)} is not an argument; ${there}`;
  }
  if (keyword === 'required') return `${name}: ${missingProperty} is missing`;
  if (keyword === 'minProperties') {
    const changes = known.filter((key) => !schema.required?.includes(key));
    return `${name}: nothing to change is given; give ${changes.join(', ')}`;
  }
  const place = instancePath.slice(1).replaceAll('/', '.');
  const subject = place === '' ? 'the arguments are' : `${place} is`;
  return `${name}: ${subject} ${quoted(data)}; it must ${demand(error)}`;
}
