/**
 * The TypeScript type of a document that a JSON Schema describes, after defaults: every property is
 * there. Covers what `schema.ts` uses.
 */
type Primitive<T> = T extends 'string'
  ? string
  : T extends 'number' | 'integer'
    ? number
    : T extends 'boolean'
      ? boolean
      : T extends 'null'
        ? null
        : never;

type Items<S> = S extends { readonly items: infer I } ? FromSchema<I> : unknown;

type ByType<S, T> = T extends 'array'
  ? Items<S>[]
  : T extends 'object'
    ? S extends { readonly properties: infer P }
      ? { -readonly [K in keyof P]: FromSchema<P[K]> }
      : S extends { readonly additionalProperties: infer A }
        ? Record<string, FromSchema<A>>
        : never
    : Primitive<T>;

export type FromSchema<S> = S extends { readonly const: infer C }
  ? C
  : S extends { readonly enum: readonly (infer E)[] }
    ? E
    : S extends { readonly type: readonly (infer T)[] }
      ? ByType<S, T>
      : S extends { readonly type: infer T }
        ? ByType<S, T>
        : never;
