import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inFolder } from './in-folder.ts';

const SECTOR_BYTES = 512;
/** The user of the service, in numbers: the files that the layer gives users by. */
const EDGEPOOL_USER = '900:900';

/** Contents by path. */
export type Files = Readonly<Record<string, string | Buffer>>;

interface Part {
  start_bytes: number;
  bytes: number;
}

/** A partition of a card, out of its master boot record. `number` counts from 1. */
function partOf(card: string, number: number): Part {
  const record = Buffer.alloc(SECTOR_BYTES);
  const file = openSync(card, 'r');
  readSync(file, record, 0, SECTOR_BYTES, 0);
  closeSync(file);
  const entry = 446 + 16 * (number - 1);
  return {
    start_bytes: record.readUInt32LE(entry + 8) * SECTOR_BYTES,
    bytes: record.readUInt32LE(entry + 12) * SECTOR_BYTES,
  };
}

/**
 * A copy of a card with a data partition of its own. `files`: what is on that, by path; a path
 * below `edgepool` belongs to the service.
 */
export function copyCard(from: string, to: string, files: Files): void {
  mkdirSync(dirname(to), { recursive: true });
  execFileSync('cp', ['--sparse=always', from, to]);
  inFolder((folder) => {
    mkdirSync(join(folder, 'edgepool'));
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    makeData(to, folder);
  });
}

/** The file system of a card's data partition, with what a folder has. */
function makeData(card: string, folder: string): void {
  const { start_bytes, bytes } = partOf(card, 4);
  const script = 'chown -R 0:0 "$1" && chown -R "$2" "$1/edgepool" && shift 2 && exec "$@"';
  const make = ['mke2fs', '-q', '-t', 'ext4', '-L', 'data', '-d', folder];
  const place = ['-E', `offset=${start_bytes}`, card, `${bytes / 1024}k`];
  const [command = '', ...before] = process.getuid?.() === 0 ? ['sh'] : ['fakeroot', '--', 'sh'];
  execFileSync(command, [...before, '-c', script, 'sh', folder, EDGEPOOL_USER, ...make, ...place], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
}
