import { readdir, readFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SpaceSnapshot } from '../snapshot.ts';

/**
 * What the kernel tells in files. A board has some of them and not the others, and a sensor may fail
 * at one moment: then there is null, never an error.
 */
export class BoardFiles {
  readonly #root: string;

  /** `root`: where `/proc` and `/sys` lie. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Without spaces at its ends. */
  async text(path: string): Promise<string | null> {
    const text = await readFile(join(this.#root, path), 'utf8').catch(() => null);
    return text === null ? null : text.trim();
  }

  async integer(path: string): Promise<number | null> {
    const text = await this.text(path);
    return text !== null && /^-?\d+$/.test(text) ? Number(text) : null;
  }

  /** Names in a folder that fit. */
  async names(path: string, pattern: RegExp): Promise<string[]> {
    const names = await readdir(join(this.#root, path)).catch(() => []);
    return names.filter((name) => pattern.test(name)).sort();
  }

  /** Of the file system of the root itself. */
  rootSpace(): Promise<SpaceSnapshot | null> {
    return spaceAt(this.#root);
  }
}

/** Of the file system that a folder lies in, or would lie in. */
export async function spaceAt(folder: string): Promise<SpaceSnapshot | null> {
  try {
    // `bavail` leaves out what only root may fill.
    const { bavail, blocks, bsize } = await statfs(folder);
    return { free_bytes: bavail * bsize, size_bytes: blocks * bsize };
  } catch {
    // Nobody has made it yet: its parent says where it would be.
    const parent = dirname(folder);
    return parent === folder ? null : spaceAt(parent);
  }
}
