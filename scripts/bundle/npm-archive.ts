/**
 * The files of an npm package that is made for another machine than this one, which npm does not
 * install here: fetched with npm, and held against the digest in a lock file.
 *
 *   node --import tsx scripts/bundle/npm-archive.ts LOCK_FILE PACKAGE FOLDER
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './program.ts';

interface Locked {
  version: string;
  integrity: string;
}

const STAMP = '.integrity';

function locked(lockFile: string, name: string): Locked {
  const { packages } = JSON.parse(readFileSync(lockFile, 'utf8')) as {
    packages: Record<string, Locked>;
  };
  const entry = packages[`node_modules/${name}`];
  if (entry === undefined) throw new Error(`${lockFile}: it has no package ${name}`);
  return entry;
}

function alreadyThere(folder: string, integrity: string): boolean {
  try {
    return readFileSync(join(folder, STAMP), 'utf8') === integrity;
  } catch {
    // Not there or not whole: it is fetched.
    return false;
  }
}

/** Brings the package's files into the folder, where they are not there yet. */
export function fetchPackage(lockFile: string, name: string, folder: string): void {
  const { version, integrity } = locked(lockFile, name);
  if (alreadyThere(folder, integrity)) return;
  const scratch = mkdtempSync(join(tmpdir(), 'edgepool-npm-'));
  try {
    const words = ['pack', '--silent', `${name}@${version}`, '--pack-destination', scratch];
    const said = execFileSync('npm', words, { cwd: ROOT, encoding: 'utf8' });
    const archive = join(scratch, basename(said.trim().split('\n').at(-1) ?? ''));
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== integrity) {
      throw new Error(`${name} ${version}: its digest is ${found}, ${lockFile} has ${integrity}`);
    }
    const unpacked = `${folder}.new`;
    for (const old of [unpacked, folder]) rmSync(old, { recursive: true, force: true });
    mkdirSync(unpacked, { recursive: true });
    execFileSync('tar', ['-xzf', archive, '--strip-components=1', '-C', unpacked]);
    writeFileSync(join(unpacked, STAMP), integrity);
    renameSync(unpacked, folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [lockFile, name, folder] = process.argv.slice(2);
  if (lockFile === undefined || name === undefined || folder === undefined) {
    process.stderr.write('usage: npm-archive.ts LOCK_FILE PACKAGE FOLDER\n');
    process.exit(2);
  }
  fetchPackage(lockFile, name, folder);
}
