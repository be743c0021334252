import { lstat, readdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nearest } from '../config/nearest.ts';
import { quoted } from './answer.ts';

export const MODEL_ENDING = '.tflite';
const LABELS_ENDING = '.txt';
const MOST_LISTED = 200;
/** As commands take it: control/model-commands.ts. */
const LONGEST_FILE_BYTES = 200;

/**
 * The one folder from which commands take files. A name leads to a regular file in it and nowhere
 * else: no path, and no link that leaves the folder.
 */
export class ModelFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Names of the models in it, sorted; not more than people would read. */
  async models(): Promise<string[]> {
    const files = await readdir(this.path).catch((error: NodeJS.ErrnoException) => {
      throw new Error(
        `control.models_folder ${this.path}: cannot be read (${error.code}); name another folder`,
      );
    });
    const models = files.filter((file) => file.endsWith(MODEL_ENDING) && !file.startsWith('.'));
    return models.sort().slice(0, MOST_LISTED);
  }

  /** The file of a model, with or without its ending in the name. */
  async model(name: string): Promise<string> {
    const file = name.endsWith(MODEL_ENDING) ? name : `${name}${MODEL_ENDING}`;
    const found = await this.#find('model', file);
    if (found !== null) return found;
    const models = await this.models();
    const hint =
      models.length > 0 ? `the nearest is ${nearest(file, models)}` : 'there is no model in it';
    throw new Error(`model ${quoted(name)}: is not in ${this.path}; ${hint}`);
  }

  /** Where a new model of that name belongs, whether or not there is one. */
  place(name: string): string {
    this.#requireName('model', name);
    const file = name.endsWith(MODEL_ENDING) ? name : `${name}${MODEL_ENDING}`;
    if (Buffer.byteLength(file) <= LONGEST_FILE_BYTES) return join(this.path, file);
    throw new Error(`model ${quoted(name)}: the name is too long; take a shorter one`);
  }

  async labels(name: string): Promise<string> {
    const found = await this.#find('labels', name);
    if (found !== null) return found;
    throw new Error(`labels ${quoted(name)}: are not in ${this.path}; put the file there first`);
  }

  /** The text file that stands beside a model under the same name; null: there is none. */
  labelsBeside(model: string): Promise<string | null> {
    const name = model.endsWith(MODEL_ENDING) ? model.slice(0, -MODEL_ENDING.length) : model;
    return this.#find('labels', `${name}${LABELS_ENDING}`);
  }

  #requireName(what: string, name: string): void {
    if (name !== '' && !name.startsWith('.') && !/[/\\\p{Cc}]/u.test(name)) return;
    throw new Error(
      `${what} ${quoted(name)}: must be the name of a file in ${this.path}, not a path`,
    );
  }

  async #find(what: string, name: string): Promise<string | null> {
    this.#requireName(what, name);
    const place = join(this.path, name);
    const [folder, file] = await Promise.all([this.path, place].map((path) => real(path)));
    if (folder === null || folder === undefined || file === null || file === undefined) return null;
    if (dirname(file) !== folder) {
      throw new Error(
        `${what} ${quoted(name)}: is a link that leaves ${this.path}; put the file itself there`,
      );
    }
    if (!(await lstat(file)).isFile()) {
      throw new Error(`${what} ${quoted(name)}: is no regular file; put the file itself there`);
    }
    return file;
  }
}

/** Null where there is nothing, or a link to nothing. */
async function real(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENAMETOOLONG') return null;
    throw new Error(`${path}: cannot be read (${code}); name another file`);
  }
}
