import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** Ends it in the middle of whatever it does, and waits until it has gone. */
export async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** The processes of a group that are there now, zombies left out. */
export function processesOf(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return state !== 'Z' && Number(pgrp) === group;
      } catch {
        // It ended while the list was read.
        return false;
      }
    })
    .map(Number);
}

/** Page faults until now of a program's threads that capture or run a model, by the thread's name. */
export function faultsOfStream(program: number): Record<string, number> {
  const faults: Record<string, number> = {};
  for (const id of readdirSync(`/proc/${program}/task`)) {
    const stat = readFileSync(`/proc/${program}/task/${id}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const [minor, , major] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(7);
    if (name.startsWith('ep-')) faults[name] = Number(minor) + Number(major);
  }
  return faults;
}
