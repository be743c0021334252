import { lstatSync, readdirSync } from 'node:fs';
import { isAbsolute, join, posix } from 'node:path';
import { isTree, type Layer, type Tree } from '../config/layer.ts';
import { nearest } from '../config/nearest.ts';
import { childOf, type Path, root, type SchemaNode } from '../config/settings.ts';
import { TAKEN_FOLDERS } from './intake.ts';

interface Named {
  path: Path;
  file: string;
}

/** Every setting that names a file without saying where from the root on. */
function relativeFiles(value: unknown, node: SchemaNode | undefined, path: Path = []): Named[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => relativeFiles(item, node?.items, [...path, index]));
  }
  if (isTree(value)) {
    return Object.entries(value).flatMap(([key, child]) =>
      relativeFiles(child, childOf(node, key), [...path, key]),
    );
  }
  const names = node?.path === true && typeof value === 'string' && !isAbsolute(value);
  return names ? [{ path, file: value }] : [];
}

/** Why the board has no such file; null: it has. `home` is the program's folder on it. */
function missing(home: string, file: string): string | null {
  const clean = posix.normalize(file);
  const [folder = '', name, ...deeper] = clean.split('/');
  if (!TAKEN_FOLDERS.includes(folder) || name === undefined || deeper.length > 0) {
    return `must be in ${TAKEN_FOLDERS.map((taken) => `${taken}/`).join(' or ')} beside it`;
  }
  if (lstatSync(join(home, clean), { throwIfNoEntry: false })?.isFile()) return null;
  const near = nearest(name, namesIn(join(home, folder)));
  const hint = near === undefined ? `copy it into ${folder}/` : `the nearest is ${folder}/${near}`;
  return `is not on the board; ${hint}`;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch {
    // Nothing was ever taken into it.
    return [];
  }
}

/** Settings whose files are there, and what is to be said about the others. */
export interface FilesNamed {
  /** Without the models that lack a file: the others run. */
  values: Tree;
  /** Of models that were left out. */
  modelFaults: string[];
  /** Of settings that cannot be done without. */
  faults: string[];
}

export function checkFiles(values: Tree, home: string, subject: Layer['subject']): FilesNamed {
  const modelFaults: string[] = [];
  const faults: string[] = [];
  const without = new Set<unknown>();
  for (const { path, file } of relativeFiles(values, root)) {
    const why = missing(home, file);
    if (why === null) continue;
    const [section, index] = path;
    const ofModel = section === 'models' && typeof index === 'number';
    (ofModel ? modelFaults : faults).push(`${subject(path)} ${file} ${why}`);
    if (ofModel) without.add(index);
  }
  const { models, ...rest } = values;
  if (!Array.isArray(models)) return { values: { ...values }, modelFaults, faults };
  const whole = models.filter((_, index) => !without.has(index));
  // Without any left the models that the system came with run.
  return { values: whole.length === 0 ? rest : { ...rest, models: whole }, modelFaults, faults };
}

/** Every model that was taken, with the labels that have its name. */
export function modelsTaken(home: string): Tree[] {
  const names = namesIn(join(home, 'models'));
  return names
    .filter((name) => name.endsWith('.tflite'))
    .sort()
    .map((name) => {
      const labels = name.replace(/\.tflite$/, '.txt');
      return {
        file: `models/${name}`,
        ...(names.includes(labels) ? { labels: `models/${labels}` } : {}),
      };
    });
}
