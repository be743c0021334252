import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pieceOffset } from './pieces.ts';
import type { Incoming, Outgoing, Renewed, Store } from './store.ts';

const WHOLE = '.sealed';
const PARTIAL = '.part';

/** Blocks are files of a folder, each there as a whole or not at all, whatever happens meanwhile. */
export class DiskStore implements Store {
  readonly name = 'disk' as const;
  readonly number = 1;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The key of what an earlier process has left is gone. */
  async start(): Promise<void> {
    await this.#told(async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await this.#empty();
    });
  }

  stop(): Promise<void> {
    return this.#told(() => this.#empty());
  }

  async create(block: string): Promise<Incoming> {
    const handle = await this.#told(() => open(this.#file(block, PARTIAL), 'w', 0o600));
    return this.#incoming(block, handle);
  }

  /** In its place: a file that is not finished is never taken for a whole one. */
  async renew(block: string): Promise<Renewed> {
    const partial = this.#file(block, PARTIAL);
    const there = await this.#told(() => renamed(this.#file(block, WHOLE), partial));
    const handle = await this.#told(() => open(partial, there ? 'r+' : 'w', 0o600));
    return { ...this.#incoming(block, handle), keep: async () => there };
  }

  #incoming(block: string, handle: FileHandle): Incoming {
    const partial = this.#file(block, PARTIAL);
    return {
      write: (number, piece) => this.#told(() => writeAll(handle, piece, pieceOffset(number))),
      finish: () =>
        this.#told(async () => {
          await handle.sync();
          await handle.close();
          await rename(partial, this.#file(block, WHOLE));
          await this.#sync();
        }),
      abandon: async () => {
        await handle.close();
        await rm(partial, { force: true });
      },
    };
  }

  async open(block: string): Promise<Outgoing> {
    const handle = await this.#told(() => open(this.#file(block, WHOLE), 'r'));
    return {
      read: async (number, bytes) => {
        const piece = Buffer.allocUnsafeSlow(bytes);
        const offset = pieceOffset(number);
        const { bytesRead } = await this.#told(() => handle.read(piece, 0, bytes, offset));
        return piece.subarray(0, bytesRead);
      },
      close: () => handle.close(),
    };
  }

  async drop(block: string): Promise<void> {
    await rm(this.#file(block, WHOLE), { force: true });
    await rm(this.#file(block, PARTIAL), { force: true });
  }

  #file(block: string, ending: string): string {
    return join(this.#folder, `${block}${ending}`);
  }

  async #empty(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      if (!name.endsWith(WHOLE) && !name.endsWith(PARTIAL)) continue;
      // One that was dropped may go at the same time.
      await rm(join(this.#folder, name), { force: true });
    }
  }

  async #sync(): Promise<void> {
    const handle = await open(this.#folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async #told<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException;
      const advice = code === 'ENOSPC' ? 'free some of its disk, or set parking.disk_mb to 0' : '';
      const what = code === 'ENOENT' ? 'a file is gone' : 'cannot be used';
      throw new Error(
        `place disk, ${this.#folder}: ${what} (${code})${advice === '' ? '' : `; ${advice}`}`,
      );
    }
  }
}

/** False: there was no such file. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const rest = bytes.byteLength - done;
    const { bytesWritten } = await handle.write(bytes, done, rest, at + done);
    done += bytesWritten;
  }
}
