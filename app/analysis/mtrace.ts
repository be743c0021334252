import type { Step, Trace } from './trace.ts';

/** Each model was recorded in a process of its own, maybe at the same place: here they lie apart. */
const APART = 1n << 36n;

/**
 * The traces as a log of glibc's mtrace(3), which the script `mtrace` of glibc reads:
 *
 *   = Start
 *   @ caller: + block size     an allocation
 *   @ caller: - block          a free
 *   @ caller: < block          a resize: where it was,
 *   @ caller: > block size     and where it is
 *   = End
 *
 * Numbers are hexadecimal with 0x. The caller is the phase. What is live at the end has no free:
 * the script calls it `not freed`, and the sum of it is what the models hold.
 */
export function mtraceLogs(traces: readonly Trace[]): string {
  const first = traces[0]?.baseAddress ?? 0n;
  const lines = traces.flatMap(({ steps }, index) => linesOf(steps, first + BigInt(index) * APART));
  return ['= Start', ...lines, '= End', ''].join('\n');
}

function linesOf(steps: readonly Step[], baseAddress: bigint): string[] {
  const hex = (value: bigint | number) => `0x${value.toString(16)}`;
  const at = (offset: number) => hex(baseAddress + BigInt(offset));
  const line = (step: Step): string[] => {
    const caller = `@ ${step.phase.replaceAll(' ', '_')}:`;
    switch (step.operation) {
      case 'alloc':
        return [`${caller} + ${at(step.offset)} ${hex(step.bytes)}`];
      case 'free':
        return [`${caller} - ${at(step.offset)}`];
      case 'resize':
        return [
          `${caller} < ${at(step.oldOffset)}`,
          `${caller} > ${at(step.offset)} ${hex(step.bytes)}`,
        ];
    }
  };
  return steps.flatMap(line);
}
