import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { ConfigError } from './config-error.ts';
import { isTree, type Layer, type Tree, tree } from './layer.ts';
import { childOf, formatPath, type Path, root, type SchemaNode } from './settings.ts';

const LARGEST_FILE_BYTES = 1024 * 1024;

/** The line on which the key or entry at a path stands; of the last step found where it is not. */
function lineOf(document: Document, lines: LineCounter, path: Path): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
      if (pair === undefined || !isScalar(pair.key)) break;
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      const entry: unknown = node.items[step];
      if (isMap(entry) || isScalar(entry) || isSeq(entry)) offset = entry.range?.[0] ?? offset;
      node = entry;
    }
  }
  return lines.linePos(offset).line;
}

/** A section without a value is an empty one; relative paths start from the file's folder. */
function adapt(value: unknown, node: SchemaNode | undefined, folder: string | null): unknown {
  if (Array.isArray(value)) return value.map((item) => adapt(item, node?.items, folder));
  if (value === null && node?.properties) return {};
  if (isTree(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, adapt(child, childOf(node, key), folder)]),
    );
  }
  const isPath = folder !== null && node?.path === true && typeof value === 'string';
  return isPath ? resolve(folder, value) : value;
}

function read(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new ConfigError(`${file}: cannot be read (${reason}); give a YAML or JSON file`);
  }
  if (text.length > LARGEST_FILE_BYTES) {
    throw new ConfigError(`${file}: ${text.length} bytes is too long for a configuration file`);
  }
  return text;
}

/** What YAML has to say against the text, a line each; the name stands before the line's number. */
function syntaxFaults(document: Document.Parsed, lines: LineCounter, name: string): ConfigError[] {
  return document.errors.map(({ code, message, pos: [start] }) => {
    const what =
      code === 'DUPLICATE_KEY'
        ? 'a key of this section is there a second time: take one of them away'
        : `not valid YAML: ${message.split('\n')[0]}`;
    return new ConfigError(`${name}:${lines.linePos(start).line}: ${what}`);
  });
}

/** A text of settings that was read, or what is wrong with it as YAML. */
export interface SettingsText {
  document: Document.Parsed;
  faults: ConfigError[];
  /** Empty where there are faults. */
  layer: Layer;
}

/**
 * The settings in a YAML or JSON text (JSON is YAML). `name` stands before each line's number;
 * relative paths stay as they are where `folder` is null. `settle` may change or refuse the document
 * before its values are taken.
 */
export function readSettings(
  text: string,
  { name, folder, from = root, settle }: ReadOptions,
): SettingsText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults = syntaxFaults(document, lines, name);
  const layer: Layer = {
    values: tree(),
    usage: false,
    subject: (path) => `${name}:${lineOf(document, lines, path)}: ${formatPath(path)}`,
  };
  if (faults.length > 0) return { document, faults, layer };
  faults.push(...(settle?.(document, (offset) => lines.linePos(offset).line) ?? []));
  if (faults.length > 0) return { document, faults, layer };
  const values: unknown = document.toJS() ?? {};
  if (isTree(values)) layer.values = adapt(values, from, folder) as Tree;
  else faults.push(new ConfigError(`${name}:1: must hold settings, one a line, such as "fps: 30"`));
  return { document, faults, layer };
}

export interface ReadOptions {
  name: string;
  folder: string | null;
  from?: SchemaNode;
  settle?: (document: Document.Parsed, lineAt: (offset: number) => number) => ConfigError[];
}

/** The settings in a YAML or JSON file. */
export function fileLayer(file: string): Layer {
  const { faults, layer } = readSettings(read(file), { name: file, folder: dirname(file) });
  const [first] = faults;
  if (first !== undefined) throw first;
  return layer;
}
