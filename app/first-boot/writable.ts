import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';

/** Whether a file system is mounted just there, and read-only. */
export function isReadOnlyMount(folder: string): boolean {
  const path = realpathSync(folder);
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
  // ID, parent, device, root, mount point, options: the last mount on a point counts (proc(5)).
  const fields = lines.map((line) => line.split(' ')).findLast((line) => plain(line[4]) === path);
  return fields?.[5]?.split(',').includes('ro') ?? false;
}

/** mountinfo writes blanks and backslashes of a path as octal numbers. */
function plain(text = ''): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** A file system that cannot be made writable: a card that is locked or worn out. */
export class WriteProtected extends Error {
  override readonly name = 'WriteProtected';
}

function remount(folder: string, how: 'rw' | 'ro'): void {
  const { status, stderr, error } = spawnSync('mount', ['-o', `remount,${how}`, folder], {
    encoding: 'utf8',
  });
  if (status === 0) return;
  const reason = error?.message ?? stderr.trim().split('\n')[0];
  throw new WriteProtected(`${folder}: cannot be remounted ${how} (${reason})`);
}

/** Does it while the folder can be written to; where its mount is read-only, for that time alone. */
export function whileWritable(folder: string, action: () => void): void {
  const wasReadOnly = isReadOnlyMount(folder);
  if (wasReadOnly) remount(folder, 'rw');
  try {
    action();
  } finally {
    if (wasReadOnly) remount(folder, 'ro');
  }
}
