import {
  type FileHandle,
  lstat,
  open,
  readdir,
  realpath,
  rename,
  rm,
  statfs,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Verdict } from '../models/trial.ts';
import { type Answer, type Fields, refusal } from './answer.ts';
import type { RunningModels } from './ground.ts';
import type { ModelFolder } from './model-folder.ts';

export interface ModelUploadOptions {
  folder: ModelFolder;
  /** No larger file is taken; 0: none at all. */
  maxBytes: number;
  models: Pick<RunningModels, 'all'>;
  /** Loads the file beside the program. */
  verify(file: string, signal: AbortSignal): Promise<Verdict>;
  /** For so long a sender may be silent; by default half a minute. */
  patienceMs?: number;
}

/** What its sender says of a model. */
export interface Upload {
  /** Its name in the models folder, with or without its ending. */
  file: string;
  /** It may take the place of a file of that name. */
  replace: boolean;
  /** How many bytes will come; null: not known. */
  bytes: number | null;
}

const STOPPED = 'the program is starting or stopping; try again when it runs';
const MIB = 2 ** 20;
const PATIENCE_MS = 30_000;
const UNFINISHED = /^\.upload-(\d+)$/;
const FULL: readonly (string | undefined)[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/**
 * Takes models into the models folder. A file comes under a name that no command loads, is written
 * through to the disk and loaded once beside the program; only then it gets its own name, in one step
 * (rename(2)). Whatever goes wrong before that, nothing is left of it. One at a time.
 */
export class ModelUpload {
  readonly #options: ModelUploadOptions;
  /** In the models folder, so that the last step crosses no file system. */
  readonly #unfinished: string;
  #leaving: AbortController | null = null;
  #current: Promise<Answer> | null = null;

  constructor(options: ModelUploadOptions) {
    this.#options = options;
    this.#unfinished = join(options.folder.path, `.upload-${process.pid}`);
  }

  /** Removes what a program that was killed has left of its upload. */
  async start(): Promise<void> {
    if (this.#leaving !== null) return;
    const { path } = this.#options.folder;
    // A folder that is missing or read-only holds nothing of ours, and commands say so themselves.
    const files = await readdir(path).catch(() => []);
    const left = files.filter((file) => UNFINISHED.test(file) && !inWork(file));
    for (const file of left) await rm(join(path, file), { force: true }).catch(() => undefined);
    this.#leaving = new AbortController();
  }

  /** Ends an upload that is under way. */
  async stop(): Promise<void> {
    this.#leaving?.abort(new Error('the program is stopping'));
    this.#leaving = null;
    await this.#current;
  }

  /** Never throws. The body is read to its end, or left where the upload is refused. */
  async receive(upload: Upload, body: Readable): Promise<Answer> {
    if (this.#leaving === null) return refusal(new Error(STOPPED));
    if (this.#current !== null) {
      return refusal(new Error('another model is being uploaded; try again when it is there'));
    }
    const work = this.#receive(upload, body, this.#leaving.signal).then(
      (fields): Answer => ({ ...fields, ok: true }),
      refusal,
    );
    this.#current = work;
    try {
      return await work;
    } finally {
      this.#current = null;
    }
  }

  async #receive(upload: Upload, body: Readable, signal: AbortSignal): Promise<Fields> {
    const target = this.#options.folder.place(upload.file);
    const file = basename(target);
    await this.#admit(upload, target);
    try {
      const bytes = await this.#store(file, body, signal);
      const found = await this.#verify(file, signal);
      // Somebody else may have put one there meanwhile.
      await this.#admit(upload, target);
      await this.#keep(target);
      return { file, bytes, ...found };
    } finally {
      await rm(this.#unfinished, { force: true });
    }
  }

  /** Throws where it is clear before anything has come that it cannot be taken. */
  async #admit({ replace, bytes }: Upload, target: string): Promise<void> {
    const file = basename(target);
    const { maxBytes, folder } = this.#options;
    if ((bytes ?? 0) > maxBytes || maxBytes === 0) throw this.#tooLarge(file);
    const there = await lstat(target).catch(() => null);
    if (there !== null && !replace) {
      throw new Error(`${file}: is in ${folder.path} already; ask to replace it, or rename yours`);
    }
    if (there !== null && !there.isFile()) {
      throw new Error(`${file}: is no regular file in ${folder.path}; take another name`);
    }
    const user = there === null ? null : await this.#userOf(target);
    if (user !== null) {
      throw new Error(`${file}: model ${user} runs from it; take another name, then switch to it`);
    }
    const free = await statfs(folder.path).then(
      ({ bavail, bsize }) => bavail * bsize,
      (error) => {
        throw this.#unwritable(file, error);
      },
    );
    if ((bytes ?? 0) <= free) return;
    throw new Error(`${file}: has ${mib(bytes ?? 0)}, and ${folder.path} has ${mib(free)} free`);
  }

  /** The model that was loaded from the file, and would be again where its successor fails. */
  async #userOf(target: string): Promise<string | null> {
    const wanted = await realpath(target).catch(() => target);
    for (const { model, planned } of this.#options.models.all) {
      const { file } = planned.config;
      if ((await realpath(file).catch(() => file)) === wanted) return model.name;
    }
    return null;
  }

  /** Writes what comes, a piece at a time, through to the disk; answers how many bytes it was. */
  async #store(file: string, body: Readable, signal: AbortSignal): Promise<number> {
    const written = <T>(step: Promise<T>): Promise<T> =>
      step.catch((error: NodeJS.ErrnoException) => {
        throw this.#unwritable(file, error);
      });
    const handle = await written(open(this.#unfinished, 'wx', 0o644));
    try {
      const take = (piece: Uint8Array) => written(handle.appendFile(piece));
      const bytes = await this.#read(file, body, signal, take);
      await written(handle.sync());
      return bytes;
    } finally {
      await handle.close();
    }
  }

  /** Hands every piece on, one after the other. */
  async #read(
    file: string,
    body: Readable,
    signal: AbortSignal,
    take: (piece: Uint8Array) => Promise<void>,
  ): Promise<number> {
    const { maxBytes, patienceMs = PATIENCE_MS } = this.#options;
    const leave = () => body.destroy(signal.reason);
    const silent = () => body.destroy(new Error(`nothing has come for ${patienceMs / 1000} s`));
    const timer = setTimeout(silent, patienceMs);
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    let bytes = 0;
    try {
      // Where it is refused the sender still gets an answer.
      for await (const piece of body.iterator({ destroyOnReturn: false })) {
        timer.refresh();
        bytes += piece.length;
        if (bytes > maxBytes) throw this.#tooLarge(file);
        await take(piece);
      }
    } catch (error) {
      if (!body.destroyed) throw error;
      const { message } = body.errored ?? (error as Error);
      throw new Error(`${file}: was cut off after ${bytes} bytes (${message}); send it again`);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
    }
    return bytes;
  }

  async #verify(file: string, signal: AbortSignal): Promise<Fields> {
    const verdict = await this.#options.verify(this.#unfinished, signal);
    if (!verdict.ok) throw new Error(verdict.message.replaceAll(this.#unfinished, file));
    const { delegate, peakBytes, fits } = verdict;
    return { delegate, takes_bytes: peakBytes, pool_bytes: fits[0].poolBytes };
  }

  async #keep(target: string): Promise<void> {
    const { path } = this.#options.folder;
    let handle: FileHandle | null = null;
    try {
      await rename(this.#unfinished, target);
      handle = await open(path, 'r');
      await handle.sync();
    } catch (error) {
      throw this.#unwritable(basename(target), error as NodeJS.ErrnoException);
    } finally {
      await handle?.close();
    }
  }

  #tooLarge(file: string): Error {
    const { maxBytes } = this.#options;
    const why =
      maxBytes === 0
        ? 'no model may be uploaded: dashboard.upload_max_mb is 0'
        : `is larger than ${mib(maxBytes)}; raise dashboard.upload_max_mb`;
    return new Error(`${file}: ${why}`);
  }

  #unwritable(file: string, { code }: NodeJS.ErrnoException): Error {
    const { path } = this.#options.folder;
    const why = FULL.includes(code)
      ? `is full (${code}); make room there`
      : `cannot be written (${code}); name another control.models_folder`;
    return new Error(`${file}: ${path} ${why}`);
  }
}

/** Whether the program that writes it runs, and is not this one. */
function inWork(file: string): boolean {
  const pid = Number(UNFINISHED.exec(file)?.[1]);
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;
