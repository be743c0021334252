import { readFileSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Log } from '../log.ts';
import { asHistorical, type Message } from './message.ts';

const VERSION = 1;

interface Saved {
  topic: string;
  payload: string;
}

function isSaved(value: unknown): value is Saved {
  if (typeof value !== 'object' || value === null) return false;
  const { topic, payload } = value as Partial<Record<keyof Saved, unknown>>;
  return typeof topic === 'string' && typeof payload === 'string';
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * The events that wait for the broker, in a file: they outlive a power cut. The file is replaced as
 * a whole, off the event loop, so it always holds one state or the next. Nothing is written while
 * the broker takes events as they come.
 */
export class EventFile {
  readonly #file: string;
  readonly #log: Log;
  /** What the file holds, as text; null: there is none. */
  #written: string | null = null;
  #writing: Promise<void> = Promise.resolve();
  #complained = false;

  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  /** What an earlier start has left. Throws one line where the file is no such file. */
  load(): Message[] {
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOENT') return [];
      throw new Error(
        `mqtt.events_file ${this.#file}: cannot be read (${code}); name another file`,
      );
    }
    const saved = parse(text);
    if (saved === null) {
      throw new Error(
        `mqtt.events_file ${this.#file}: holds something else than events; name another file`,
      );
    }
    this.#written = text;
    return saved.map((message) => asHistorical({ ...message, ...LASTING }));
  }

  /** Brings the file up to what waits now; what is the same is not written again. */
  save(waiting: readonly Message[]): Promise<void> {
    this.#writing = this.#writing.then(() => this.#replace(waiting));
    return this.#writing;
  }

  async #replace(waiting: readonly Message[]): Promise<void> {
    const events = waiting.map(({ topic, payload }): Saved => ({ topic, payload }));
    const text = events.length === 0 ? null : `${JSON.stringify({ version: VERSION, events })}\n`;
    if (text === this.#written) return;
    try {
      if (text === null) await rm(this.#file, { force: true });
      else await this.#write(text);
      await syncFolder(dirname(this.#file));
      this.#written = text;
      this.#complained = false;
    } catch (error) {
      if (this.#complained) return;
      this.#complained = true;
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.warn(`mqtt.events_file ${this.#file}: events are not kept in it (${reason})`);
    }
  }

  async #write(text: string): Promise<void> {
    await mkdir(dirname(this.#file), { recursive: true });
    const fresh = `${this.#file}.new`;
    const handle = await open(fresh, 'w', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, this.#file);
  }
}

const LASTING = { qos: 1, retain: false, lasting: true } as const;

function parse(text: string): Saved[] | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('events' in value)) return null;
    const { events } = value;
    return Array.isArray(events) && events.every(isSaved) ? events : null;
  } catch {
    return null;
  }
}
