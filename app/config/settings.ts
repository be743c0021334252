import { schema } from './schema.ts';

/** The parts of a schema node that this room reads. */
export interface SchemaNode {
  readonly type: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  /** false: there are no others; else what entries of any name are. */
  readonly additionalProperties?: false | SchemaNode;
  readonly items?: SchemaNode;
  readonly default?: unknown;
  readonly computed?: string;
  readonly expects?: string;
  readonly path?: boolean;
  readonly secret?: boolean;
  readonly lengths?: readonly number[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
}

export type Path = readonly (string | number)[];

export interface Setting {
  path: string[];
  node: SchemaNode;
}

export const root: SchemaNode = schema;

/** Every setting that has a value of its own, in the schema's order; sections are left out. */
export function listSettings(node: SchemaNode = root, path: string[] = []): Setting[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
    child.properties
      ? listSettings(child, [...path, key])
      : [{ path: [...path, key], node: child }],
  );
}

/** What stands under a key: a property, or an entry where entries have any name. */
export function childOf(node: SchemaNode | undefined, key: string): SchemaNode | undefined {
  return node?.properties?.[key] ?? (node?.additionalProperties || undefined);
}

/** The schema of what stands at a path; undefined where the path leads nowhere. */
export function nodeAt(path: Path, from: SchemaNode = root): SchemaNode | undefined {
  let node: SchemaNode | undefined = from;
  for (const step of path) {
    node = typeof step === 'number' ? node?.items : childOf(node, step);
  }
  return node;
}

export function hasType(node: SchemaNode, type: string): boolean {
  return typeof node.type === 'string' ? node.type === type : node.type.includes(type);
}

/** `models[0].name` */
export function formatPath(path: Path): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}

/**
 * A setting's value from the text of a flag or variable. Text that is not of the setting's type
 * stays text, for the validation to refuse.
 */
export function valueFromText(text: string, node: SchemaNode): unknown {
  if (text === 'null' && hasType(node, 'null')) return null;
  if (hasType(node, 'boolean') && /^(true|false)$/.test(text)) return text === 'true';
  const numeric = hasType(node, 'number') || hasType(node, 'integer');
  return numeric && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
}
