import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CatalogueEntry, defaultJob, fileName, MAKER_VERSION, TRAINED } from './catalogue.ts';
import { makeModel, prepare, type TrainedGraph } from './make-model.ts';

export interface Made {
  file: string;
  bytes: number;
  sha256: string;
  /** False where the file of an earlier run was still right. */
  fresh: boolean;
}

/** `models.json`: what each file was when it was made. */
interface Manifest {
  maker_version: number;
  models: Record<string, { seed: number; sha256: string; bytes: number }>;
}

/**
 * A folder of made models. A file whose hash is the recorded one, of this maker and seed, is left
 * as it is; every write is whole or not there.
 */
export class ModelStore {
  readonly #folder: string;
  /** Both forms of a network come from one calibration. */
  readonly #trained = new Map<string, TrainedGraph>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async make(entry: CatalogueEntry): Promise<Made> {
    await mkdir(this.#folder, { recursive: true });
    const file = join(this.#folder, fileName(entry));
    const manifest = await this.#manifest();
    const known = manifest.models[entry.name];
    if (known?.seed === entry.seed && (await hashOf(file)) === known.sha256) {
      return { file, bytes: known.bytes, sha256: known.sha256, fresh: false };
    }
    const content = makeModel(entry, this.#prepared(entry));
    const sha256 = createHash('sha256').update(content).digest('hex');
    await this.#write(file, content);
    manifest.models[entry.name] = { seed: entry.seed, sha256, bytes: content.length };
    await this.#write(this.#manifestFile(), `${JSON.stringify(manifest, null, 2)}\n`);
    return { file, bytes: content.length, sha256, fresh: true };
  }

  /** The list of models that the app runs when it is given none, and the trained one among them. */
  async writeDefaultJob(): Promise<void> {
    for (const file of TRAINED.files) {
      await this.#write(join(this.#folder, file), await readFile(new URL(file, TRAINED.folder)));
    }
    const file = join(this.#folder, 'default-job.json');
    await this.#write(file, `${JSON.stringify(defaultJob(), null, 2)}\n`);
  }

  #prepared(entry: CatalogueEntry): TrainedGraph {
    const key = `${entry.network.name} ${entry.seed}`;
    const trained = this.#trained.get(key) ?? prepare(entry);
    this.#trained.set(key, trained);
    return trained;
  }

  #manifestFile(): string {
    return join(this.#folder, 'models.json');
  }

  /** An absent, damaged or older one counts as empty: everything is made again. */
  async #manifest(): Promise<Manifest> {
    const empty: Manifest = { maker_version: MAKER_VERSION, models: {} };
    let text: string;
    try {
      text = await readFile(this.#manifestFile(), 'utf8');
    } catch (error) {
      if (isMissing(error)) return empty;
      throw error;
    }
    try {
      const manifest = JSON.parse(text) as Manifest;
      return manifest.maker_version === MAKER_VERSION ? manifest : empty;
    } catch {
      return empty;
    }
  }

  async #write(file: string, content: Uint8Array | string): Promise<void> {
    const temporary = `${file}.${randomUUID()}.new`;
    try {
      const handle = await open(temporary, 'wx');
      try {
        await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }
}

async function hashOf(file: string): Promise<string | null> {
  try {
    return createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
