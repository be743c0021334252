import { readFileSync } from 'node:fs';

const FREE = '/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages';

/** Whether the system has reserved huge pages that nobody has taken, of which a region can be made. */
export function hasHugePages(): boolean {
  try {
    return Number(readFileSync(FREE, 'utf8')) > 0;
  } catch {
    // A kernel without them.
    return false;
  }
}
