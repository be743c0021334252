import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { ConfigError } from './config-error.ts';
import { isTree, type Layer, type Tree } from './layer.ts';

const NAME_BYTES = 63;

/** Where a machine says who it is. */
export interface IdentityFiles {
  serial: string;
  machineId: string;
}

const identityFiles: IdentityFiles = {
  serial: '/proc/device-tree/serial-number',
  machineId: '/etc/machine-id',
};

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').replaceAll('\0', '').trim();
  } catch {
    // Most machines have no serial number, some no machine id: the next source is asked.
    return '';
  }
}

/**
 * `edgepool-` and six hexadecimal digits, the same at every start. A machine id is confidential
 * (machine-id(5)), so a hash of it is shown, never a part.
 */
export function deviceId(files: IdentityFiles = identityFiles): string {
  const serial = readText(files.serial).toLowerCase();
  if (/^[0-9a-f]{6,}$/.test(serial)) return `edgepool-${serial.slice(-6)}`;
  const identity = readText(files.machineId) || hostname();
  const hash = createHash('sha256').update(`edgepool:${identity}`).digest('hex');
  return `edgepool-${hash.slice(0, 6)}`;
}

/** The file's name without its ending, as a name may be: no spaces, no signs of MQTT topics. */
export function nameFromFile(file: string): string {
  let name = basename(file)
    .replace(/\.[^.]*$/, '')
    .replace(/[/+#\s\0]/g, '_');
  while (Buffer.byteLength(name) > NAME_BYTES) name = [...name].slice(0, -1).join('');
  return name || 'model';
}

function nameModels(models: readonly Tree[], writer: Layer | undefined): void {
  const given = new Set<string>();
  models.forEach(({ name }, index) => {
    if (typeof name !== 'string') return;
    if (given.has(name)) {
      const subject = writer?.subject(['models', index, 'name']);
      const message = `${subject} is ${JSON.stringify(name)} a second time; names are unique`;
      throw new ConfigError(message, writer?.usage);
    }
    given.add(name);
  });
  for (const model of models) {
    if (model.name !== undefined || typeof model.file !== 'string') continue;
    const stem = nameFromFile(model.file);
    let name = stem;
    for (let count = 2; given.has(name); count++)
      name = `${stem.slice(0, NAME_BYTES - 4)}-${count}`;
    given.add(name);
    model.name = name;
  }
}

/** `source` is one source without a name, `sources` are several: the higher layer's stands. */
function chooseSources(values: Tree, layers: readonly Layer[]): void {
  const writes = (key: string) => layers.findLastIndex((layer) => layer.values[key] !== undefined);
  const [one, several] = [writes('source'), writes('sources')];
  if (one < 0 || several < 0) return;
  if (one === several) {
    const layer = layers[one];
    throw new ConfigError(
      `${layer?.subject(['source'])} and sources are both given: give one of them`,
      layer?.usage,
    );
  }
  delete values[one > several ? 'sources' : 'source'];
}

/** Fills in the defaults that the schema calls computed, before validation. */
export function derive(values: Tree, layers: readonly Layer[]): Tree {
  values.device ??= deviceId();
  chooseSources(values, layers);
  const models = values.models;
  if (Array.isArray(models)) {
    const writer = layers.findLast((layer) => layer.values.models !== undefined);
    nameModels(models.filter(isTree), writer);
  }
  return values;
}
