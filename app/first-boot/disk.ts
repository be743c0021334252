import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * Whose a file is, and who may read it. `owner` null: whoever runs this; `mode` null: as the file
 * system has it, which keeps no modes.
 */
export interface Access {
  mode: number | null;
  owner: { uid: number; gid: number } | null;
}

/** What a memory card writes as a whole. */
const SECTOR_BYTES = 512;
const COPY_BYTES = 1 << 20;

/**
 * Changes to files that hold after a power cut, in the order in which they were made. Every call
 * that changes something on the disk is told to `onStep` before it is made.
 */
export class Disk {
  readonly #step: (call: string, file: string) => void;

  constructor(onStep: (call: string, file: string) => void = () => undefined) {
    this.#step = onStep;
  }

  /** The file has these bytes and this access, or what it had before. True where it changed. */
  replace(file: string, bytes: Uint8Array, access: Access): boolean {
    if (this.#isSo(file, bytes, access)) return false;
    const fresh = `${file}.new`;
    this.remove(fresh);
    this.#step('open', fresh);
    const handle = openSync(fresh, 'wx', access.mode ?? 0o644);
    try {
      this.#own(fresh, access);
      this.#step('write', fresh);
      writeSync(handle, bytes);
      this.#sync(handle, fresh);
    } finally {
      closeSync(handle);
    }
    this.rename(fresh, file);
    return true;
  }

  /** A copy that is on the disk, under a name that counts only after `rename`. Its SHA-256. */
  copy(from: string, to: string, access: Access): string {
    this.remove(to);
    this.#step('open', to);
    const [source, target] = [openSync(from, 'r'), openSync(to, 'wx', access.mode ?? 0o644)];
    try {
      this.#own(to, access);
      const piece = Buffer.allocUnsafe(COPY_BYTES);
      for (let length = readSync(source, piece); length > 0; length = readSync(source, piece)) {
        this.#step('write', to);
        writeSync(target, piece, 0, length);
      }
      this.#sync(target, to);
    } finally {
      closeSync(source);
      closeSync(target);
    }
    return sha256(to);
  }

  rename(from: string, to: string): void {
    this.#step('rename', to);
    renameSync(from, to);
    this.#syncFolder(to);
  }

  /** In place and sector by sector, so that the old bytes are gone from where they lay. */
  overwrite(file: string, bytes: Uint8Array): void {
    this.#step('open', file);
    const handle = openSync(file, 'r+');
    try {
      for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
        this.#step('write', file);
        writeSync(handle, bytes, at, Math.min(SECTOR_BYTES, bytes.length - at), at);
      }
      this.#step('truncate', file);
      ftruncateSync(handle, bytes.length);
      this.#sync(handle, file);
    } finally {
      closeSync(handle);
    }
  }

  /** Gone, or never there. */
  remove(file: string): void {
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return;
    this.#step('remove', file);
    rmSync(file);
    this.#syncFolder(file);
  }

  /** A symbolic link that leads there, or where it led before. */
  link(target: string, file: string): void {
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (found?.isSymbolicLink() && readlinkSync(file) === target) return;
    const fresh = `${file}.new`;
    this.remove(fresh);
    this.#step('link', fresh);
    symlinkSync(target, fresh);
    this.rename(fresh, file);
  }

  /** A folder of its own; a link in its place is refused, because it leads who knows where. */
  folder(path: string, access: Access): void {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) {
      this.#step('mkdir', path);
      mkdirSync(path, { mode: access.mode ?? 0o755 });
      this.#syncFolder(path);
    } else if (!found.isDirectory()) {
      throw new Error(`${path}: is no folder; take it away`);
    }
    this.#own(path, access);
  }

  #isSo(file: string, bytes: Uint8Array, { mode, owner }: Access): boolean {
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (!found?.isFile() || found.size !== bytes.length) return false;
    if (mode !== null && (found.mode & 0o7777) !== mode) return false;
    if (owner !== null && (found.uid !== owner.uid || found.gid !== owner.gid)) return false;
    return readFileSync(file).equals(bytes);
  }

  #own(file: string, { mode, owner }: Access): void {
    const { uid, gid, mode: has } = lstatSync(file);
    if (owner !== null && (uid !== owner.uid || gid !== owner.gid)) {
      this.#step('chown', file);
      chownSync(file, owner.uid, owner.gid);
    }
    if (mode === null || (has & 0o7777) === mode) return;
    this.#step('chmod', file);
    chmodSync(file, mode);
  }

  #sync(handle: number, file: string): void {
    this.#step('fsync', file);
    fsyncSync(handle);
  }

  #syncFolder(file: string): void {
    const handle = openSync(dirname(file), 'r');
    try {
      this.#sync(handle, dirname(file));
    } finally {
      closeSync(handle);
    }
  }
}

/** SHA-256 of a file in hexadecimal, read piece by piece. */
export function sha256(file: string): string {
  const hash = createHash('sha256');
  const handle = openSync(file, 'r');
  try {
    const piece = Buffer.allocUnsafe(COPY_BYTES);
    for (let length = readSync(handle, piece); length > 0; length = readSync(handle, piece)) {
      hash.update(piece.subarray(0, length));
    }
  } finally {
    closeSync(handle);
  }
  return hash.digest('hex');
}
