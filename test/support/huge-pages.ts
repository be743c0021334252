import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { hugePages } from '../../app/memory/huge-pages.ts';

const FILE = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages';
const BEFORE = hugePages();

/** As root does it, past the companion. False where the kernel keeps another number. */
export function keepHugePages(count: number): boolean {
  writeFileSync(FILE, `${count}`);
  return hugePages() === count;
}

/** What a test that fails leaves in use goes when its process has ended. */
const release = () => keepHugePages(BEFORE);

function reserve(count: number): void {
  process.off('exit', release);
  process.once('exit', release);
  if (keepHugePages(BEFORE + count)) return;
  release();
  throw new Error('the kernel has too few in one piece');
}

/**
 * A test on so many more huge pages of 2 MiB than there were; the kernel keeps what it did before in
 * the end, however that comes. Where none can be had it fails if CI is true, and is named as not run
 * elsewhere.
 */
export function testOnHugePages(name: string, count: number, run: () => Promise<void>): void {
  test(name, async () => {
    try {
      reserve(count);
    } catch (error) {
      process.off('exit', release);
      if (process.env.CI === 'true') throw error;
      console.log(`not run, no huge pages here (${(error as Error).message}): ${name}`);
      return;
    }
    try {
      await run();
    } finally {
      release();
    }
  });
}
