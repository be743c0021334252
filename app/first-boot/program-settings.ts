import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, parse, stringify } from 'yaml';
import { boardSettings } from '../config/board-schema.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { fileLayer } from '../config/file-layer.ts';
import { isTree, type Layer, type Tree, tree } from '../config/layer.ts';
import { combine } from '../config/load.ts';
import type { Access, Disk } from './disk.ts';
import { checkFiles, modelsTaken } from './files-named.ts';
import { type SecretPath, secretAt } from './secrets.ts';

export const SETTINGS_FILE = 'edgepool.yaml';

const HEADER =
  "# Written by first boot out of the boot partition's edgepool.yaml, and anew when that changes.\n";
/** Stands below the header where the rest of the file was refused. */
const PARTIAL = '# Broker and network alone: the rest was refused.\n';
const SECRETS_FOLDER = 'secrets';

/** Secrets of the program, the files that hold them, and the settings that name those. */
const HELD = [
  { path: ['mqtt', 'password'], setting: 'password_file', stem: 'mqtt_password' },
  { path: ['dashboard', 'token'], setting: 'token_file', stem: 'page_token' },
] as const;

export interface SettingsOptions {
  disk: Disk;
  /** The program's folder on the data partition. */
  home: string;
  owner: Access['owner'];
  /** The settings that the system came with. */
  shipped: string;
}

/** What becomes of the boot file's settings on the board. */
export interface Prepared {
  /** Of models that are left out. */
  modelFaults: string[];
  /** Where there are any, nothing is written. */
  faults: string[];
  /** All settings as they will be; null where there are faults. */
  config: Config | null;
  /** Writes them: the files of secrets first, then the settings, at once old or new. */
  write(extent: 'whole' | 'partial'): void;
}

/** The program's own settings, as first boot writes them. */
export class ProgramSettings {
  readonly #options: SettingsOptions;
  readonly #file: string;

  constructor(options: SettingsOptions) {
    this.#options = options;
    this.#file = join(options.home, SETTINGS_FILE);
  }

  /** Whether the board has any, whoever wrote them. */
  get exist(): boolean {
    return existsSync(this.#file);
  }

  /** Whether they are more than what it took to be heard. */
  get areWhole(): boolean {
    return this.exist && !readFileSync(this.#file, 'utf8').startsWith(`${HEADER}${PARTIAL}`);
  }

  /** Whether somebody else has written those that there are. */
  get areForeign(): boolean {
    return this.exist && !readFileSync(this.#file, 'utf8').startsWith(HEADER);
  }

  prepare(layer: Layer, document: Document.Parsed): Prepared {
    const { home } = this.#options;
    const own = Object.entries(layer.values).filter(([key]) => !(key in boardSettings));
    const checked = checkFiles(Object.fromEntries(own), home, layer.subject);
    const { modelFaults, faults } = checked;
    const values: Tree = { version: 1, ...withFolder(this.#withModels(checked.values)) };
    const secrets = new Map<string, string>();
    for (const held of HELD) {
      const fault = this.#hold(held, document, values, secrets);
      if (fault !== null) faults.push(`${layer.subject(held.path)} ${fault}`);
    }
    const config = faults.length > 0 ? null : this.#combined(values, layer, faults);
    return { modelFaults, faults, config, write: (extent) => this.#write(values, secrets, extent) };
  }

  /** Without a list, every model that was taken runs; a plan of the system is not about them. */
  #withModels(values: Tree): Tree {
    const taken = modelsTaken(this.#options.home);
    if (values.models !== undefined || taken.length === 0) return planFor(values);
    return planFor({ ...values, models: taken });
  }

  /** Puts a file's name where the secret was. Returns what is wrong with it. */
  #hold(
    { path, setting, stem }: (typeof HELD)[number],
    document: Document.Parsed,
    values: Tree,
    secrets: Map<string, string>,
  ): string | null {
    const secret = secretAt(document, path);
    const [section, key] = path;
    const settings: Tree = { ...(isTree(values[section]) ? values[section] : {}) };
    delete settings[key];
    values[section] = settings;
    if (secret.state === 'absent') {
      if (Object.keys(settings).length === 0) delete values[section];
      return null;
    }
    const before = this.#before(path, setting);
    if (secret.state === 'kept') {
      if (before === null) return 'has no value, and the board has taken none: write it';
      settings[setting] = before.file;
      return null;
    }
    const same = before?.value === secret.value;
    const file = same
      ? before.file
      : join(SECRETS_FOLDER, `${stem}.${randomBytes(4).toString('hex')}`);
    settings[setting] = file;
    secrets.set(file, secret.value);
    return null;
  }

  /** The secret that the settings on the board name now. */
  #before([section]: SecretPath, setting: string): { file: string; value: string } | null {
    if (!this.exist) return null;
    const settings = this.#written()[section];
    const file = isTree(settings) ? settings[setting] : undefined;
    if (typeof file !== 'string') return null;
    try {
      return { file, value: readFileSync(join(this.#options.home, file), 'utf8').trimEnd() };
    } catch {
      // Gone with whatever took it: as good as none.
      return null;
    }
  }

  /** What is on the board now; nothing where it cannot be read. */
  #written(): Tree {
    try {
      const values: unknown = parse(readFileSync(this.#file, 'utf8'));
      return isTree(values) ? values : tree();
    } catch {
      // Not there, or broken: the new ones take its place.
      return tree();
    }
  }

  /** Together with those of the system, as the program will read them. */
  #combined(values: Tree, { subject }: Layer, faults: string[]): Config | null {
    const { shipped } = this.#options;
    const layers = existsSync(shipped) ? [fileLayer(shipped)] : [];
    try {
      return combine([...layers, { values, usage: false, subject }]);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.push(error.message);
      return null;
    }
  }

  #write(values: Tree, secrets: ReadonlyMap<string, string>, extent: 'whole' | 'partial'): void {
    const { disk, home, owner } = this.#options;
    const folder = join(home, SECRETS_FOLDER);
    disk.folder(folder, { mode: 0o700, owner });
    for (const [file, secret] of secrets) {
      disk.replace(join(home, file), Buffer.from(`${secret}\n`), { mode: 0o600, owner });
    }
    const header = extent === 'whole' ? HEADER : `${HEADER}${PARTIAL}`;
    const text = Buffer.from(`${header}${stringify(values)}`);
    disk.replace(this.#file, text, { mode: 0o640, owner });
    const named = JSON.stringify(values);
    for (const name of readdirSync(folder)) {
      if (!named.includes(`${SECRETS_FOLDER}/${name}`)) disk.remove(join(folder, name));
    }
  }
}

const planFor = (values: Tree): Tree =>
  values.models === undefined || values.plan !== undefined ? values : { ...values, plan: null };

/** Commands and the page find models where they can be added: the system's folder is read-only. */
function withFolder(values: Tree): Tree {
  const control = isTree(values.control) ? values.control : {};
  return { ...values, control: { models_folder: 'models', ...control } };
}
