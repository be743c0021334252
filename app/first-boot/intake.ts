import { lstatSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { findEntry } from './boot-file.ts';
import { type Access, type Disk, sha256 } from './disk.ts';

const MODEL_ENDING = '.tflite';
const SUM_ENDING = '.sha256';
const HALF_WIPED = '.taken-';
/** What stays free, so that the program can go on writing. */
const RESERVE_BYTES = 16 * 1024 * 1024;

/** A folder of the boot partition whose files are taken, and which they are. */
interface Taken {
  folder: string;
  endings: readonly string[];
  mode: number;
}

const MODELS: Taken = { folder: 'models', endings: [MODEL_ENDING, '.txt', '.json'], mode: 0o644 };
const TLS: Taken = { folder: 'tls', endings: ['.crt', '.cer', '.pem', '.key'], mode: 0o600 };
export const TAKEN_FOLDERS = [MODELS.folder, TLS.folder];

/** Loads a model once where it can do no harm. What is wrong with it; null: nothing. */
export type Judge = (file: string) => string | null;

export interface IntakeOptions {
  disk: Disk;
  boot: string;
  /** The program's folder on the data partition. */
  home: string;
  owner: Access['owner'];
  judge: Judge;
}

/** A file of the boot partition that nobody needs there any more. */
export interface TakenFile {
  file: string;
  /** Its bytes must not stay where they lie. */
  secret: boolean;
}

/** Files of the boot partition that are now on the data partition, and those that are not. */
export interface Intake {
  /** To be removed from the boot partition. */
  taken: TakenFile[];
  notices: string[];
  faults: string[];
}

/**
 * Copies models and certificates to the data partition. A file counts there once its bytes are on
 * the disk, have the SHA-256 of the original and, of a model, were loaded; until then an older one
 * of the same name stays. What is refused is left where it is.
 */
export function takeIn(options: IntakeOptions): Intake {
  const result: Intake = { taken: [], notices: [], faults: [] };
  for (const kind of [MODELS, TLS]) {
    const entry = findEntry(options.boot, kind.folder);
    if (entry === null) continue;
    const folder = join(options.boot, entry);
    const secret = kind === TLS;
    result.taken.push(...halfWiped(folder).map((file) => ({ file, secret })));
    for (const name of filesOf(folder, kind)) {
      const shown = `${kind.folder}/${name}`;
      const fault = takeOne(options, kind, join(folder, name));
      if (fault === null) {
        const files = [join(folder, name), ...sumFile(join(folder, name))];
        result.taken.push(...files.map((file) => ({ file, secret })));
        result.notices.push(`${shown}: taken`);
      } else result.faults.push(`${shown}: ${fault}`);
    }
  }
  return result;
}

/** Takes away what was taken; the bytes of a secret are written over first, under another name, so
 *  that nobody takes them for the file. */
export function discard(disk: Disk, { file, secret }: TakenFile): void {
  let last = file;
  if (secret) {
    last = join(dirname(file), `${HALF_WIPED}${basename(file).replace(HALF_WIPED, '')}`);
    if (last !== file) disk.rename(file, last);
    disk.overwrite(last, Buffer.alloc(lstatSync(last).size));
  }
  disk.remove(last);
}

/** What a power cut has left of earlier ones. */
function halfWiped(folder: string): string[] {
  if (!lstatSync(folder).isDirectory()) return [];
  const names = readdirSync(folder).filter((name) => name.startsWith(HALF_WIPED));
  return names.map((name) => join(folder, name));
}

/** Models last, so that their labels are there before them. */
function filesOf(folder: string, { endings }: Taken): string[] {
  if (!lstatSync(folder).isDirectory()) return [];
  const rank = (name: string) => (isModel(name) ? 1 : 0);
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.') && endings.includes(extname(name).toLowerCase()))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

const isModel = (name: string): boolean => extname(name).toLowerCase() === MODEL_ENDING;

function sumFile(file: string): string[] {
  const sum = `${file}${SUM_ENDING}`;
  return lstatSync(sum, { throwIfNoEntry: false })?.isFile() ? [sum] : [];
}

function takeOne(options: IntakeOptions, { folder, mode }: Taken, file: string): string | null {
  const { disk, home, owner, judge } = options;
  const stat = lstatSync(file);
  if (!stat.isFile()) return 'is no file; take it away';
  const sum = sha256(file);
  const wrong = wrongSum(file, sum);
  if (wrong !== null) return wrong;
  const target = join(home, folder, basename(file));
  const there = lstatSync(target, { throwIfNoEntry: false });
  if (there?.isFile() && sha256(target) === sum) return null;
  const full = tooFull(home, stat.size);
  if (full !== null) return full;
  const isPrivate = mode === 0o600;
  disk.folder(join(home, folder), { mode: isPrivate ? 0o700 : 0o755, owner });
  const fresh = join(home, folder, `.${basename(file)}.new`);
  const copied = disk.copy(file, fresh, { mode, owner });
  const fault =
    copied === sum ? (isModel(file) ? judge(fresh) : null) : 'was not copied right; try again';
  if (fault === null) disk.rename(fresh, target);
  else disk.remove(fresh);
  return fault;
}

/** `NAME.sha256` beside a file, as sha256sum(1) writes it, must have its sum. */
function wrongSum(file: string, sum: string): string | null {
  const [beside] = sumFile(file);
  if (beside === undefined) return null;
  const wanted = /^\\?([0-9a-f]{64})\b/i.exec(readFileSync(beside, 'utf8').trim())?.[1];
  if (wanted?.toLowerCase() === sum) return null;
  return `its SHA-256 is ${sum}, ${basename(beside)} says ${wanted ?? 'none'}; copy it again`;
}

function tooFull(folder: string, bytes: number): string | null {
  const { bavail, bsize } = statfsSync(folder);
  const free = Math.max(0, bavail * bsize - RESERVE_BYTES);
  if (bytes <= free) return null;
  return `has ${bytes} bytes, the data partition ${free} to spare; remove models from the board`;
}
