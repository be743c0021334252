import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
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

function read(card: string, { start_bytes, bytes }: Part): Buffer {
  const found = Buffer.alloc(bytes);
  const file = openSync(card, 'r');
  readSync(file, found, 0, bytes, start_bytes);
  closeSync(file);
  return found;
}

/** A partition of a card, out of its master boot record. `number` counts from 1. */
export function partOf(card: string, number: number): Part {
  const record = read(card, { start_bytes: 0, bytes: SECTOR_BYTES });
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

/** The bytes of a card's boot partition, whatever they belong to. */
export function rawBoot(card: string): Buffer {
  return read(card, partOf(card, 1));
}

/** One of mtools, on a card's boot partition: no mount and no root. */
function onBoot(tool: string, card: string, ...words: string[]): void {
  const image = `${card}@@${partOf(card, 1).start_bytes}`;
  execFileSync(tool, ['-i', image, ...words], { stdio: 'pipe' });
}

/** Puts files on a card's boot partition, as somebody does who has it in another computer. A folder
 *  has to be there or among `folders`. */
export function writeBoot(card: string, files: Files, folders: readonly string[] = []): void {
  for (const folder of folders) onBoot('mmd', card, '-D', 's', `::${folder}`);
  inFolder((scratch) => {
    const file = join(scratch, 'file');
    for (const [path, content] of Object.entries(files)) {
      writeFileSync(file, content);
      onBoot('mcopy', card, '-o', file, `::${path}`);
    }
  });
}

/** A file of a card's boot partition. */
export function readBoot(card: string, path: string): string {
  return inFolder((scratch) => {
    const file = join(scratch, 'file');
    onBoot('mcopy', card, `::${path}`, file);
    return readFileSync(file, 'utf8');
  });
}
