import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Snapshot } from '../stats/snapshot.ts';

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Replaces a file as a whole: whoever reads it, and whenever the power goes, sees the old text or
 * the new one.
 */
export function writeWhole(file: string, text: string): void {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true });
  const fresh = `${file}.${process.pid}.new`;
  try {
    const handle = openSync(fresh, 'w', 0o644);
    try {
      writeFileSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
  syncFolder(folder);
}

/** The figures of the whole run, in a file, when the program stops. */
export class Report {
  readonly #file: string | null;
  readonly #read: () => Snapshot;
  #started = false;

  constructor(file: string | null, read: () => Snapshot) {
    this.#file = file;
    this.#read = read;
  }

  /** Fails at once where the report could not be written at the end. */
  async start(): Promise<void> {
    if (this.#started || this.#file === null) return;
    this.#guard(() => mkdirSync(dirname(this.#file ?? ''), { recursive: true }));
    this.#started = true;
  }

  async stop(): Promise<void> {
    if (!this.#started) return;
    this.#started = false;
    this.#guard(() => writeWhole(this.#file ?? '', `${JSON.stringify(this.#read(), null, 2)}\n`));
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`report ${this.#file}: cannot be written (${reason}); name another file`);
    }
  }
}
