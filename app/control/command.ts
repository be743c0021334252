import type { FromSchema } from '../config/from-schema.ts';
import type { SchemaNode } from '../config/settings.ts';
import type { Fields } from './answer.ts';
import type { Caller } from './caller.ts';
import type { Ground } from './ground.ts';

/** The JSON Schema of a command's arguments. */
export interface ArgumentSchema {
  readonly type: 'object';
  readonly additionalProperties: false;
  readonly properties: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly minProperties?: number;
}

type Required<S> = S extends { readonly required: readonly (infer R)[] } ? R : never;

/** Arguments that the schema has let pass. */
export type ArgumentsOf<S extends ArgumentSchema> = {
  [K in keyof S['properties'] as K extends Required<S> ? K : never]: FromSchema<S['properties'][K]>;
} & {
  [K in keyof S['properties'] as K extends Required<S> ? never : K]?: FromSchema<
    S['properties'][K]
  >;
};

/**
 * When a command is done. read: at once. change: one after the other, in the order in which they
 * came. work: it takes long and changes nothing, so it waits for work alone.
 */
export type Kind = 'read' | 'change' | 'work';

export interface Command {
  name: string;
  /** One sentence for people. */
  summary: string;
  kind: Kind;
  /** Arguments that stand on the command line without their names, in this order. */
  words: readonly string[];
  schema: ArgumentSchema;
  /** Throws one line where it refuses; then nothing has changed. */
  run(args: Fields, ground: Ground, signal: AbortSignal, caller: Caller): Promise<Fields>;
}

interface Definition<S extends ArgumentSchema> extends Omit<Command, 'schema' | 'run'> {
  schema: S;
  run(args: ArgumentsOf<S>, ground: Ground, signal: AbortSignal, caller: Caller): Promise<Fields>;
}

/** A command whose arguments have the types of its schema. */
export function define<const S extends ArgumentSchema>(command: Definition<S>): Command {
  return { ...command, run: (args, ...rest) => command.run(args as ArgumentsOf<S>, ...rest) };
}
