import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Picture } from '../frames/preview.ts';

/** `camera-20260131T120000.000Z-1042.jpg`: source, time in UTC, the frame's number. */
const OURS = /^.+-(\d{8}T\d{6}\.\d{3}Z-\d+)\.jpg$/;

/**
 * The folder of pictures that were taken: for their owner alone, each file whole or not there, and
 * not more of them than were allowed: the oldest go.
 */
export class PictureFolder {
  readonly #path: string;
  readonly #most: number;

  constructor(path: string, most: number) {
    this.#path = path;
    this.#most = most;
  }

  /** Gives the file. Throws one line where it cannot be written. */
  async keep(source: string, { jpeg, number }: Pick<Picture, 'jpeg' | 'number'>): Promise<string> {
    const time = new Date().toISOString().replace(/[-:]/g, '');
    const file = join(this.#path, `${source}-${time}-${number}.jpg`);
    const fresh = `${file}.${process.pid}.new`;
    try {
      await mkdir(this.#path, { recursive: true, mode: 0o700 });
      await writeThrough(fresh, jpeg);
      await rename(fresh, file);
      await this.#removeOldest();
    } catch (error) {
      await rm(fresh, { force: true }).catch(() => undefined);
      const { code } = error as NodeJS.ErrnoException;
      throw new Error(
        `snapshots.folder ${this.#path}: cannot be written (${code}); make room or name another`,
      );
    }
    return file;
  }

  async #removeOldest(): Promise<void> {
    const timeOf = (name: string): string => OURS.exec(name)?.[1] ?? '';
    const ours = (await readdir(this.#path)).filter((name) => OURS.test(name));
    ours.sort((one, other) => (timeOf(one) < timeOf(other) ? -1 : 1));
    for (const name of ours.slice(0, Math.max(0, ours.length - this.#most))) {
      await rm(join(this.#path, name), { force: true });
    }
  }
}

async function writeThrough(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
