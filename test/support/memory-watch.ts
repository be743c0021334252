import { readFileSync } from 'node:fs';

const EVERY_MS = 1000;
const MIB = 2 ** 20;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** What a program holds of the machine's memory, second by second. */
export class MemoryWatch {
  readonly #program: number;
  readonly #held: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(program: number) {
    this.#program = program;
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** How much more it held in the last third than in the middle one; the first is its beginning. */
  growthMib(): number {
    const third = Math.floor(this.#held.length / 3);
    const middle = this.#held.slice(third, 2 * third);
    return (median(this.#held.slice(-third)) - median(middle)) / MIB;
  }

  #look(): void {
    try {
      const status = readFileSync(`/proc/${this.#program}/status`, 'utf8');
      this.#held.push(Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]) * 1024);
    } catch {
      // It has ended.
      this.stop();
    }
  }
}
