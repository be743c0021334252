import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Fit, trial } from '../models/trial.ts';

const ENDING = '.tflite';

/** The models to compare with: those of one or more folders, by their name without the ending. */
export class Models {
  readonly #folders: readonly string[];
  readonly #fits = new Map<string, Fit>();

  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /** Null where no folder has it; the first folder that has it wins. */
  find(name: string): string | null {
    const files = this.#folders.map((folder) => join(folder, `${name}${ENDING}`));
    return files.find((file) => existsSync(file)) ?? null;
  }

  /** As `find`; throws where no folder has it. */
  named(name: string): string {
    const file = this.find(name);
    if (file !== null) return file;
    const folders = this.#folders.join(', ');
    throw new Error(`${name}${ENDING} is not in ${folders}: make it with 'make models'`);
  }

  /** Every model of every folder, in order of name. */
  all(): string[] {
    const files = this.#folders.flatMap((folder) =>
      readdirSync(folder)
        .filter((file) => file.endsWith(ENDING))
        .map((file) => join(folder, file)),
    );
    return files.sort((a, b) => basename(a).localeCompare(basename(b)));
  }

  /** The pool in which a trial load has seen the model run. */
  async fit(file: string, threads = 1): Promise<Fit> {
    const key = `${threads} ${file}`;
    const known = this.#fits.get(key);
    if (known !== undefined) return known;
    const verdict = await trial({ file, threads });
    if (!verdict.ok) throw new Error(verdict.message);
    const [fit] = verdict.fits;
    this.#fits.set(key, fit);
    return fit;
  }
}

/** A model's name, for people. */
export const modelTitle = (file: string): string => basename(file, ENDING);
