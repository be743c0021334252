import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import type { Machine } from './result.ts';

const SHMEM_HUGE = '/sys/kernel/mm/transparent_hugepage/shmem_enabled';

/** The mode in brackets: `always [never]`. */
function chosen(file: string): string {
  try {
    return /\[(\w+)\]/.exec(readFileSync(file, 'utf8'))?.[1] ?? 'unknown';
  } catch {
    // A kernel without huge pages has no such file.
    return 'unknown';
  }
}

/** The board's model where it has one (a device tree), else the processor's. */
function processor(): string {
  try {
    return readFileSync('/proc/device-tree/model', 'utf8').replaceAll('\0', '');
  } catch {
    return cpus()[0]?.model ?? 'unknown';
  }
}

export function describeMachine(): Machine {
  return {
    processor: processor(),
    cores: cpus().length,
    memory_bytes: totalmem(),
    kernel: release(),
    page_bytes: Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })),
    shmem_huge_pages: chosen(SHMEM_HUGE),
    node: process.version,
  };
}

const GIB = 2 ** 30;

export function machineText(machine: Machine): string {
  const {
    processor: name,
    cores,
    memory_bytes,
    kernel,
    page_bytes,
    shmem_huge_pages,
    node,
  } = machine;
  const memory = `${(memory_bytes / GIB).toFixed(1)} GiB`;
  return (
    `${name}, ${cores} core${cores === 1 ? '' : 's'}, ${memory}; Linux ${kernel}; pages of ` +
    `${page_bytes} bytes, huge pages of shared memory: ${shmem_huge_pages}; Node ${node}`
  );
}
