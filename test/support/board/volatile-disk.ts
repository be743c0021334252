import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { Random } from '../random.ts';

/** What a disk writes as a whole or not at all. */
export const SECTOR_BYTES = 512;

interface Write {
  offset: number;
  data: Buffer;
}

/** What a power cut has left of what was not flushed, in sectors. */
export interface Cut {
  written: number;
  lost: number;
}

/**
 * An image behind a cache that forgets: what was written is read back, and is in the file only once
 * it was flushed. Offsets and lengths are multiples of a sector.
 */
export class VolatileDisk {
  readonly bytes: number;
  readonly #file: number;
  /** Since the last flush, oldest first. */
  #unflushed: Write[] = [];
  /** Of each sector that is not flushed, by its number, the newest bytes. */
  readonly #newest = new Map<number, Buffer>();

  constructor(image: string) {
    this.#file = openSync(image, 'r+');
    this.bytes = fstatSync(this.#file).size;
  }

  read(offset: number, length: number): Buffer {
    const data = Buffer.alloc(length);
    readSync(this.#file, data, 0, length, offset);
    if (this.#newest.size === 0) return data;
    for (let at = 0; at < length; at += SECTOR_BYTES) {
      this.#newest.get((offset + at) / SECTOR_BYTES)?.copy(data, at);
    }
    return data;
  }

  /** `data` is kept as it is: it must not change any more. */
  write(offset: number, data: Buffer): void {
    this.#unflushed.push({ offset, data });
    for (let at = 0; at < data.length; at += SECTOR_BYTES) {
      this.#newest.set((offset + at) / SECTOR_BYTES, data.subarray(at, at + SECTOR_BYTES));
    }
  }

  flush(): void {
    for (const { offset, data } of this.#unflushed)
      writeSync(this.#file, data, 0, data.length, offset);
    this.#forget();
  }

  /**
   * The power goes. Of what was not flushed, the oldest sectors are in the file up to some moment, or
   * any of them are: a card may write in the order that it likes.
   */
  cut(random: Random): Cut {
    const sectors = this.#unflushed.flatMap(inSectors);
    const ordered = random.next() < 0.5;
    const until = random.integer(0, sectors.length);
    const likely = random.next();
    const written = sectors.filter((_, place) =>
      ordered ? place < until : random.next() < likely,
    );
    for (const { offset, data } of written) writeSync(this.#file, data, 0, SECTOR_BYTES, offset);
    this.#forget();
    return { written: written.length, lost: sectors.length - written.length };
  }

  close(): void {
    closeSync(this.#file);
  }

  #forget(): void {
    this.#unflushed = [];
    this.#newest.clear();
  }
}

function inSectors({ offset, data }: Write): Write[] {
  return Array.from({ length: data.length / SECTOR_BYTES }, (_, place) => {
    const at = place * SECTOR_BYTES;
    return { offset: offset + at, data: data.subarray(at, at + SECTOR_BYTES) };
  });
}
