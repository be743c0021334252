import { accessSync, constants, existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where control groups of either version lie, and what their limit is called there. */
const HIERARCHIES = [
  { folder: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' },
  { folder: '/sys/fs/cgroup', limit: 'memory.max' },
] as const;

/** The shell enters the group and becomes the program. */
const ENTER = 'echo $$ > "$0/cgroup.procs" && exec "$@"';

/** A control group of its own for one program after the other. */
export class MemoryLimit {
  static #made = 0;
  readonly #folder: string | null;

  private constructor(folder: string | null) {
    this.#folder = folder;
  }

  /** With no limit where this user may make no group. */
  static of(bytes: number): MemoryLimit {
    MemoryLimit.#made += 1;
    for (const { folder, limit } of HIERARCHIES) {
      const group = join(folder, `edgepool-bench-${process.pid}-${MemoryLimit.#made}`);
      try {
        accessSync(folder, constants.W_OK);
        mkdirSync(group);
        if (!existsSync(join(group, limit))) throw new Error('no memory controller');
        writeFileSync(join(group, limit), String(Math.round(bytes)));
        return new MemoryLimit(group);
      } catch {
        if (existsSync(group)) rmdirSync(group);
      }
    }
    return new MemoryLimit(null);
  }

  /** False: nothing is limited, and a bench must say so. */
  get holds(): boolean {
    return this.#folder !== null;
  }

  /** How to start the program inside. */
  command(program: string, words: readonly string[]): [string, string[]] {
    if (this.#folder === null) return [program, [...words]];
    return ['/bin/sh', ['-c', ENTER, this.#folder, program, ...words]];
  }

  drop(): void {
    if (this.#folder !== null) rmdirSync(this.#folder);
  }
}
