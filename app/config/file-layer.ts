import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { ConfigError } from './config-error.ts';
import { isTree, type Layer, type Tree } from './layer.ts';
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
function adapt(value: unknown, node: SchemaNode | undefined, folder: string): unknown {
  if (Array.isArray(value)) return value.map((item) => adapt(item, node?.items, folder));
  if (value === null && node?.properties) return {};
  if (isTree(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, adapt(child, childOf(node, key), folder)]),
    );
  }
  return node?.path === true && typeof value === 'string' ? resolve(folder, value) : value;
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

/** The settings in a YAML or JSON file (JSON is YAML). */
export function fileLayer(file: string): Layer {
  const lines = new LineCounter();
  const document = parseDocument(read(file), { lineCounter: lines, prettyErrors: false });
  const fault = document.errors[0];
  if (fault !== undefined) {
    const { line } = lines.linePos(fault.pos[0]);
    throw new ConfigError(`${file}:${line}: not valid YAML: ${fault.message.split('\n')[0]}`);
  }
  const values: unknown = document.toJS() ?? {};
  if (!isTree(values)) {
    throw new ConfigError(`${file}:1: must hold settings, one a line, such as "fps: 30"`);
  }
  return {
    values: adapt(values, root, dirname(file)) as Tree,
    usage: false,
    subject: (path) => `${file}:${lineOf(document, lines, path)}: ${formatPath(path)}`,
  };
}
