import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Disk } from './disk.ts';

const NOTE =
  '# ~ stands for a password or token that the board has taken: it lies on the data partition,\n' +
  '# where only the board reads it. Write another in its place to change it.\n';

/** What a wipe turns into what: it says what to do with a file that a power cut left half wiped. */
interface Intention {
  /** In base64, as both. */
  before: string;
  after: string;
}

/** The file's wiped bytes with the note behind them, once. */
export function withNote(wiped: Buffer): Buffer {
  const text = wiped.toString('utf8');
  const ending = text.includes('\r\n') ? '\r\n' : '\n';
  const note = NOTE.replaceAll('\n', ending);
  if (text.includes(note)) return wiped;
  const gap = /[\r\n]$/.test(text) ? ending : `${ending}${ending}`;
  return Buffer.concat([wiped, Buffer.from(`${gap}${note}`)]);
}

/**
 * Overwrites files on the boot partition where they lie. FAT keeps no promise about that: what is
 * meant stands on the data partition until it is done.
 */
export class Wipe {
  readonly #disk: Disk;
  readonly #intention: string;

  /** `folder` is on the data partition, and only root may look into it. */
  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#intention = join(folder, 'wiping.json');
  }

  /** From here on a power cut leaves a file that `finish` can bring to its end. */
  begin(before: Buffer, after: Buffer): void {
    const intention: Intention = {
      before: before.toString('base64'),
      after: after.toString('base64'),
    };
    const access = { mode: 0o600, owner: null };
    this.#disk.replace(this.#intention, Buffer.from(JSON.stringify(intention)), access);
  }

  /** Whether a wipe was begun and not brought to its end. */
  get pending(): boolean {
    return this.#read() !== null;
  }

  /** Writes over the file; a file that somebody has changed meanwhile is left as it is. */
  finish(file: string | null): void {
    const intention = this.#read();
    if (intention === null) return;
    const before = Buffer.from(intention.before, 'base64');
    const after = Buffer.from(intention.after, 'base64');
    const isOurs = file !== null && isBetween(readFileSync(file), before, after);
    if (isOurs) this.#disk.overwrite(file, after);
    this.#disk.remove(this.#intention);
  }

  #read(): Intention | null {
    if (!existsSync(this.#intention)) return null;
    try {
      return JSON.parse(readFileSync(this.#intention, 'utf8')) as Intention;
    } catch {
      // Broken by the card itself: nobody knows any more what was meant.
      return null;
    }
  }
}

/** Whether every byte is that of one of the two, and the length lies between theirs. */
function isBetween(bytes: Buffer, before: Buffer, after: Buffer): boolean {
  if (bytes.length < before.length || bytes.length > after.length) return false;
  // Behind the old end may stand what the card had there before.
  return before.every((byte, index) => bytes[index] === byte || bytes[index] === after[index]);
}
