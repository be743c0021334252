import type { Path } from './settings.ts';

export interface Tree {
  [key: string]: unknown;
}

/** Settings from one place. A later layer wins over an earlier one, key by key; lists are whole. */
export interface Layer {
  values: Tree;
  /** Whether a wrong value here is wrong usage of the command line. */
  usage: boolean;
  /** Names the setting where the user wrote it: `edgepool.yaml:3: region.lock`, `--fps`. */
  subject(path: Path): string;
}

/** No prototype: a key of any name is only a key. */
export function tree(): Tree {
  return Object.create(null) as Tree;
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  return isTree(value) ? overlay(tree(), value) : value;
}

function overlay(below: Tree, above: Tree): Tree {
  for (const [key, value] of Object.entries(above)) {
    const old = below[key];
    below[key] = isTree(old) && isTree(value) ? overlay(old, value) : copy(value);
  }
  return below;
}

/** All layers as one tree; the layers are left as they are. */
export function merge(layers: readonly Layer[]): Tree {
  return layers.reduce((merged, layer) => overlay(merged, layer.values), tree());
}

/** Whether the layer has something at the path. */
export function has(layer: Layer, path: Path): boolean {
  let value: unknown = layer.values;
  for (const step of path) {
    if (Array.isArray(value) && typeof step === 'number' && step < value.length) {
      value = value[step];
    } else if (isTree(value) && typeof step === 'string' && Object.hasOwn(value, step)) {
      value = value[step];
    } else {
      return false;
    }
  }
  return true;
}
