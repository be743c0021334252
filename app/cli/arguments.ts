import { nearest } from '../config/nearest.ts';
import { UsageError } from './usage-error.ts';

/** What a verb takes: options with a value, options without one, and whether words may follow. */
export interface Shape {
  valued: readonly string[];
  plain: readonly string[];
  words: boolean;
}

export interface Arguments {
  /** Every value given for an option, in order. */
  values: Map<string, string[]>;
  plain: Set<string>;
  words: string[];
}

function refuse(option: string, shape: Shape): never {
  const known = [...shape.valued, ...shape.plain];
  throw new UsageError(`${option} is not an option; the nearest is ${nearest(option, known)}`);
}

/** Takes `--name value`, `--name=value`, `--name` and words; after `--` everything is a word. */
export function parseArguments(args: readonly string[], shape: Shape): Arguments {
  const parsed: Arguments = { values: new Map(), plain: new Set(), words: [] };
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') parsed.words.push(...rest.splice(0));
    else if (!arg.startsWith('-') || arg === '-') parsed.words.push(arg);
    else takeOption(arg, rest, shape, parsed);
  }
  const [word] = parsed.words;
  if (!shape.words && word !== undefined) {
    throw new UsageError(`"${word}" is one word too many: options begin with --`);
  }
  return parsed;
}

function takeOption(arg: string, rest: string[], shape: Shape, parsed: Arguments): void {
  const equals = arg.indexOf('=');
  const option = equals < 0 ? arg : arg.slice(0, equals);
  if (shape.plain.includes(option)) {
    if (equals >= 0) throw new UsageError(`${option} takes no value`);
    parsed.plain.add(option);
    return;
  }
  if (!shape.valued.includes(option)) refuse(option, shape);
  const value = equals < 0 ? rest.shift() : arg.slice(equals + 1);
  if (value === undefined || value === '') throw new UsageError(`${option} needs a value`);
  parsed.values.set(option, [...(parsed.values.get(option) ?? []), value]);
}
