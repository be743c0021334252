import { existsSync } from 'node:fs';
import { type Contender, OURS } from './result.ts';

/** Folders of Debian's libraries, by Node's name of the machine. */
const FOLDERS: Record<string, string> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/** General-purpose allocators that a process can be given from outside, with Debian's packages. */
const PRELOADED = [
  { id: 'jemalloc', file: 'libjemalloc.so.2', debian: 'libjemalloc2' },
  { id: 'mimalloc', file: 'libmimalloc.so.2', debian: 'libmimalloc2.0' },
  { id: 'tcmalloc', file: 'libtcmalloc_minimal.so.4', debian: 'libtcmalloc-minimal4' },
] as const;

/** Who takes part, and the environment that makes a process use that allocator. */
export interface Allocator extends Contender {
  environment: Record<string, string>;
}

export const edgepool: Allocator = { id: OURS, title: 'edgepool', environment: {} };

export const glibc: Allocator = { id: 'glibc', title: 'glibc', environment: {} };

export const GENERAL_IDS: readonly string[] = PRELOADED.map(({ id }) => id);

/** Glibc and the others; throws where one of those is not installed. */
export function generalAllocators(): Allocator[] {
  const folder = `/usr/lib/${FOLDERS[process.arch] ?? ''}`;
  const preloaded = PRELOADED.map(({ id, file, debian }) => {
    const path = `${folder}/${file}`;
    if (!existsSync(path)) {
      throw new Error(`${path} is missing: install the Debian package ${debian}`);
    }
    return { id, title: id, environment: { LD_PRELOAD: path } };
  });
  return [glibc, ...preloaded];
}
