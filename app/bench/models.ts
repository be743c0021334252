import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { RUNTIME_POOL_BYTES } from '../models/runtime.ts';
import { sizeRegion } from '../models/sizing.ts';
import { type Fit, trial, type Verdict } from '../models/trial.ts';

const ENDING = '.tflite';
/** Of a region, as in a run with the defaults. */
const RESERVE = 0.3;
/** No ends. */
const NONE = '-';

type Tried = Verdict & { ok: true };

/** The models to compare with: those of one or more folders, by their name without the ending. */
export class Models {
  readonly #folders: readonly string[];
  readonly #tried = new Map<string, Tried>();

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
    const [fit] = (await this.#try(file, threads)).fits;
    return fit;
  }

  /** A region for these models' pools, the runtime's and the reserve. */
  async regionBytes(files: readonly string[]): Promise<number> {
    const quotas = await Promise.all(files.map(async (file) => (await this.fit(file)).poolBytes));
    return sizeRegion([...quotas, RUNTIME_POOL_BYTES], RESERVE);
  }

  /** What the native programs want to know of a model that they load; without a pool of its own it
   *  is loaded from the allocator of the process. */
  async words(file: string, pooled: boolean): Promise<(string | number)[]> {
    const { fits, requestedBytes } = await this.#try(file, 1);
    const [{ mappedBytes, poolBytes }] = fits;
    if (!pooled) return [file, 0, 0, requestedBytes, NONE];
    return [file, mappedBytes, poolBytes, requestedBytes, await this.ends(file)];
  }

  /** Share of its quota that it has taken at its peak. */
  async use(file: string): Promise<number> {
    const { peakBytes, fits } = await this.#try(file, 1);
    return peakBytes / fits[0].poolBytes;
  }

  /** Where its blocks go, in hexadecimal, as the native programs read it. */
  async ends(file: string): Promise<string> {
    const { ends } = await this.#try(file, 1);
    return ends.length === 0 ? NONE : Buffer.from(ends).toString('hex');
  }

  async #try(file: string, threads: number): Promise<Tried> {
    const key = `${threads} ${file}`;
    const known = this.#tried.get(key);
    if (known !== undefined) return known;
    const verdict = await trial({ file, threads });
    if (!verdict.ok) throw new Error(verdict.message);
    this.#tried.set(key, verdict);
    return verdict;
  }
}

/** A model's name, for people. */
export const modelTitle = (file: string): string => basename(file, ENDING);
