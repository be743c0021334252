/** Prefixes for a command that give it less than the machine has. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';

/**
 * The command may lock so many bytes. Root's privilege to lock all it wants is taken away with the
 * capability, not with another user, who could not read every checkout.
 */
export function memlockPrefix(bytes: number): string[] {
  const limit = ['prlimit', `--memlock=${bytes}:${bytes}`];
  if (process.getuid?.() !== 0) return limit;
  return ['setpriv', '--bounding-set=-ipc_lock', '--inh-caps=-ipc_lock', ...limit];
}

function groupOf(line: RegExp): string {
  return line.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
}

function memoryGroup(): { parent: string; limitFile: string } {
  const second = join('/sys/fs/cgroup', groupOf(/^0::(.*)$/m));
  if (existsSync('/sys/fs/cgroup/cgroup.controllers')) {
    return { parent: second, limitFile: 'memory.max' };
  }
  const first = join('/sys/fs/cgroup/memory', groupOf(/^\d+:memory:(.*)$/m));
  return { parent: first, limitFile: 'memory.limit_in_bytes' };
}

/** The command runs in a control group of so many bytes. Throws where no group can be made. */
export function memoryGroupPrefix(bytes: number): string[] {
  const { parent, limitFile } = memoryGroup();
  const group = join(parent, `edgepool-test-${process.pid}`);
  mkdirSync(group);
  after(() => rmdirSync(group));
  writeFileSync(join(group, limitFile), String(bytes));
  return ['sh', '-c', `echo $$ > "${join(group, 'cgroup.procs')}" && exec "$@"`, 'sh'];
}
