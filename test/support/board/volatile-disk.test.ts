/** What a disk that forgets keeps and loses. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Random, seeds } from '../random.ts';
import { scratchFolder } from '../scratch.ts';
import { SECTOR_BYTES, VolatileDisk } from './volatile-disk.ts';

const SECTORS = 64;
const scratch = scratchFolder();

for (const seed of seeds(20)) {
  test(`what was flushed stays, and of the rest each sector is one that was written (${seed})`, () => {
    const random = new Random(seed);
    const image = join(scratch.path, `${seed}.img`);
    writeFileSync(image, Buffer.alloc(SECTORS * SECTOR_BYTES));
    const disk = new VolatileDisk(image);
    /** Of each sector the bytes that a cut may leave, the newest last. */
    const may = Array.from({ length: SECTORS }, () => [0]);
    for (let step = 1; step < 200; step++) {
      const [first, count] = [random.integer(0, SECTORS - 8), random.integer(1, 8)];
      disk.write(first * SECTOR_BYTES, Buffer.alloc(count * SECTOR_BYTES, step));
      for (const versions of may.slice(first, first + count)) versions.push(step);
      if (random.next() < 0.05) {
        disk.flush();
        for (const versions of may) versions.splice(0, versions.length - 1);
      }
    }
    const read = disk.read(0, SECTORS * SECTOR_BYTES);
    may.forEach((versions, sector) => {
      assert.equal(read[sector * SECTOR_BYTES], versions.at(-1), `sector ${sector} is read back`);
    });
    const unflushed = may.some((versions) => versions.length > 1);
    const { written, lost } = disk.cut(random);
    disk.close();
    assert.equal(written + lost > 0, unflushed);
    const left = readFileSync(image);
    may.forEach((versions, sector) => {
      const bytes = left.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
      assert.ok(versions.includes(bytes[0] ?? -1), `sector ${sector} has ${bytes[0]}`);
      assert.ok(
        bytes.every((byte) => byte === bytes[0]),
        `sector ${sector} is torn`,
      );
    });
  });
}
