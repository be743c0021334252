import { readFileSync } from 'node:fs';

const FOLDER = '/sys/kernel/mm/hugepages/hugepages-2048kB';

export const HUGE_PAGE_BYTES = 2 * 2 ** 20;

function read(name: string): number {
  try {
    return Number(readFileSync(`${FOLDER}/${name}`, 'utf8'));
  } catch {
    // A kernel without them.
    return 0;
  }
}

/** Huge pages of 2 MiB that the kernel keeps, whoever has them. */
export const hugePages = (): number => read('nr_hugepages');

/** Those of them that nobody has taken or is promised. */
export const freeHugePages = (): number => read('free_hugepages') - read('resv_hugepages');

/** Whether there are some of which a region can be made. */
export const hasHugePages = (): boolean => freeHugePages() > 0;
