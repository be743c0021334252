import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { partOf } from './card.ts';
import { inFolder } from './in-folder.ts';

const ENV = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const MIB = 1024 * 1024;

/** What a cut has left on a data partition, as a machine finds it that mounts it. */
export interface Left {
  /** The program's own settings; null: there are none yet. */
  settings: { device?: string } | null;
  /** A model's bytes; null: it is not there. */
  model: Buffer | null;
}

/** A file of a file system image; null: it is not there. */
function file(image: string, path: string, folder: string): Buffer | null {
  const to = join(folder, 'file');
  closeSync(openSync(to, 'w'));
  const { stderr } = spawnSync('debugfs', ['-R', `dump ${path} ${to}`, image], {
    env: ENV,
    encoding: 'utf8',
  });
  return /File not found/.test(stderr) ? null : readFileSync(to);
}

/**
 * Reads a copy of a card's data partition: replays its journal, as mounting does, and fails unless the
 * file system is whole then. `model`: a path from the partition's root.
 */
export function readCut(card: string, model: string): Left {
  return inFolder((folder) => {
    const { start_bytes, bytes } = partOf(card, 4);
    const image = join(folder, 'data');
    const size = [`skip=${start_bytes / MIB}`, `count=${Math.ceil(bytes / MIB)}`, 'bs=1M'];
    execFileSync('dd', [`if=${card}`, `of=${image}`, ...size, 'conv=sparse', 'status=none']);
    // Replays the journal and mends what it says; 1: something was done.
    const replayed = spawnSync('e2fsck', ['-p', image], { env: ENV, encoding: 'utf8' });
    if ((replayed.status ?? 8) > 1) throw new Error(`e2fsck -p: ${replayed.stdout}`);
    const checked = spawnSync('e2fsck', ['-fn', image], { env: ENV, encoding: 'utf8' });
    if (checked.status !== 0) throw new Error(`e2fsck -fn: ${checked.stdout}`);
    const settings = file(image, '/edgepool/edgepool.yaml', folder);
    return {
      settings: settings === null ? null : parse(settings.toString()),
      model: file(image, model, folder),
    };
  });
}
