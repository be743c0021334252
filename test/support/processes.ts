import { readdirSync, readFileSync } from 'node:fs';

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
