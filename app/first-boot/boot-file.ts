import { closeSync, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, isAlias, isPair, isScalar, isSeq, visit } from 'yaml';
import { boardSchema } from '../config/board-schema.ts';
import { ConfigError } from '../config/config-error.ts';
import { readSettings } from '../config/file-layer.ts';
import type { Layer, Tree } from '../config/layer.ts';
import { hasType, nodeAt, type Path, type SchemaNode } from '../config/settings.ts';
import { faultsOf, rulesOf } from '../config/validate.ts';

export const BOOT_FILE = 'edgepool.yaml';

const LARGEST_FILE_BYTES = 64 * 1024;
/** What people's editors make of the name. */
const NEAR_NAME = /^edgepool(\.yaml|\.yml|\.txt|\.json|\.cfg|\.conf)+$/i;
const UTF16 = /^(\xff\xfe|\xfe\xff)/;

const RULES = rulesOf(boardSchema, false);

/** What a board needs to be heard at all. */
const REACHING = ['device', 'mqtt', 'wifi'];

/** Settings of the boot partition's file, with where they stand in it. */
export interface BootSettings {
  file: string;
  bytes: Buffer;
  document: Document.Parsed;
  layer: Layer;
}

/** What the boot partition's file says, or what is wrong with it: a line a fault. */
export type BootFile =
  | { kind: 'absent' }
  /** `reaching`: broker and network, as far as nothing is wrong with them. */
  | { kind: 'refused'; faults: string[]; reaching: BootSettings | null }
  | ({ kind: 'settings' } & BootSettings);

const refused = (...faults: string[]): BootFile => ({ kind: 'refused', faults, reaching: null });

/** FAT keeps the case of a name and does not mind it. */
export function findEntry(folder: string, name: string): string | null {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
  return names.find((entry) => entry.toLowerCase() === name) ?? null;
}

/** Reads and judges the file; nothing is changed. */
export function readBootFile(folder: string): BootFile {
  const found = findEntry(folder, BOOT_FILE);
  if (found === null) return missing(folder);
  const file = join(folder, found);
  const handle = openSync(file, 'r');
  let bytes: Buffer;
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile()) return refused(`${BOOT_FILE}: is no file; take it away`);
    if (stat.size > LARGEST_FILE_BYTES) {
      return refused(
        `${BOOT_FILE}: ${stat.size} bytes are too many; ${LARGEST_FILE_BYTES} are allowed`,
      );
    }
    bytes = readFileSync(handle);
  } finally {
    closeSync(handle);
  }
  const text = decode(bytes);
  if (text instanceof ConfigError) return refused(text.message);
  return judge(file, bytes, text);
}

function missing(folder: string): BootFile {
  const near = findNear(folder);
  if (near === null) return { kind: 'absent' };
  return refused(`${near}: has another name than ${BOOT_FILE}; rename it`);
}

function findNear(folder: string): string | null {
  try {
    return readdirSync(folder).find((name) => NEAR_NAME.test(name)) ?? null;
  } catch {
    // Nothing is there, as `findEntry` has found before.
    return null;
  }
}

/** The text of the file, or why it has none. */
function decode(bytes: Buffer): string | ConfigError {
  const save = 'save it as UTF-8';
  if (UTF16.test(bytes.toString('latin1', 0, 2))) {
    return new ConfigError(`${BOOT_FILE}: is in UTF-16; ${save}`);
  }
  const nul = bytes.indexOf(0);
  if (nul >= 0) return new ConfigError(`${BOOT_FILE}: is no text (byte ${nul + 1} is 0); ${save}`);
  let text: string;
  try {
    // The mark at its beginning stays: places in the text are places in the file.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const line = firstWrongLine(bytes);
    return new ConfigError(`${BOOT_FILE}:${line}: has a character that is not UTF-8; ${save}`);
  }
  if (text.replace(/^\ufeff/, '').trim() !== '') return text;
  return new ConfigError(`${BOOT_FILE}: is empty; write settings into it, or a comment for none`);
}

function firstWrongLine(bytes: Buffer): number {
  const lines = bytes.toString('latin1').split('\n');
  const wrong = lines.findIndex((line) =>
    Buffer.from(line, 'latin1').toString().includes('\ufffd'),
  );
  return wrong + 1;
}

function judge(file: string, bytes: Buffer, text: string): BootFile {
  const read = readSettings(text, { name: BOOT_FILE, folder: null, from: boardSchema, settle });
  const settings = { file, bytes, document: read.document, layer: read.layer };
  const isYaml = read.faults.length === 0;
  const faults = isYaml ? settingFaults(read.layer) : read.faults;
  if (faults.length === 0) return { kind: 'settings', ...settings };
  const lines = faults.map(({ message }) => message);
  return {
    kind: 'refused',
    faults: lines.sort((a, b) => lineNumber(a) - lineNumber(b)),
    reaching: isYaml ? { ...settings, layer: reachingPart(read.layer) } : null,
  };
}

/** The sections that a report needs, each of them only where it is sound by itself. */
function reachingPart(layer: Layer): Layer {
  const sound = Object.entries(layer.values).filter(
    ([key, value]) =>
      REACHING.includes(key) && settingFaults({ ...layer, values: { [key]: value } }).length === 0,
  );
  return { ...layer, values: Object.fromEntries(sound) };
}

const lineNumber = (fault: string): number => Number(/^[^:]+:(\d+):/.exec(fault)?.[1] ?? 0);

function settingFaults(layer: Layer): ConfigError[] {
  const faults = faultsOf(layer.values, [layer], RULES);
  const { broker } = (layer.values.mqtt ?? {}) as Tree;
  if (typeof broker !== 'string' || !URL.canParse(broker)) return faults;
  const { username, password } = new URL(broker);
  if (username === '' && password === '') return faults;
  const subject = layer.subject(['mqtt', 'broker']);
  const advice = 'write them as mqtt.username and mqtt.password';
  return [...faults, new ConfigError(`${subject} holds a user or a password; ${advice}`)];
}

/**
 * Text stays text: `password: 00123456` is eight characters, `ssid: on` two. What stands for another
 * place of the file is refused, because a password that is wiped must stand in one place.
 */
function settle(document: Document.Parsed, lineAt: (offset: number) => number): ConfigError[] {
  const faults: ConfigError[] = [];
  visit(document, (key, node, ancestors) => {
    if (isAlias(node)) {
      const line = lineAt(node.range?.[0] ?? 0);
      faults.push(new ConfigError(`${BOOT_FILE}:${line}: *${node.source} must be written out`));
    }
    if (!isScalar(node) || key === 'key' || node.source === undefined) return;
    if (typeof node.value !== 'number' && typeof node.value !== 'boolean') return;
    const schema = nodeAt(pathOf([...ancestors, node]), boardSchema);
    if (schema !== undefined && isText(schema)) node.value = node.source;
  });
  return faults;
}

const isText = (node: SchemaNode): boolean =>
  node.enum === undefined &&
  hasType(node, 'string') &&
  !['number', 'integer', 'boolean'].some((type) => hasType(node, type));

/** Where the last of the nodes stands, each of which holds the next. */
function pathOf(nodes: readonly unknown[]): Path {
  return nodes.flatMap((node, index): (string | number)[] => {
    const next = nodes[index + 1];
    if (isSeq(node)) return [node.items.indexOf(next)];
    return isPair(node) && isScalar(node.key) ? [String(node.key.value)] : [];
  });
}
