import type { Life } from './replay.ts';

/** Who asked for a block, most telling first. */
export const OWNERS = [
  'file',
  'packed weights',
  'delegate workspace',
  'arena',
  'scratch',
  'small objects',
] as const;
export type Owner = (typeof OWNERS)[number];

/** Below this a block is a small object, whoever asked for it. */
const SMALL_BYTES = 1024;

const LEAST_ALIGNMENT = 16;

/**
 * Who asked, told from phase, size, alignment and order; nobody signs an allocation.
 *
 *   file                read while the file is: its bytes, weights included
 *   packed weights      from the delegate, aligned as XNNPACK aligns what its kernels read, and kept
 *   delegate workspace  the last such block: XNNPACK makes it when all operators of a partition are
 *                       there. With several partitions the earlier ones count as packed weights
 *   arena               kept since the tensors were allocated; where the runtime does that already
 *                       while it makes the interpreter, the largest block kept since then
 *   scratch             from any run: buffers of kernels, kept or not
 *   small objects       below 1 KiB, and what else there is: nodes, tensors, tables, strings
 */
export function ownersOf(lives: readonly Life[]): Map<Life, Owner> {
  const workspace = lives.findLast(isPacked);
  const arena = arenaOf(lives);
  return new Map(
    lives.map((life) => {
      if (life.phase === 'read') return [life, 'file'];
      if (life.bytes < SMALL_BYTES) return [life, 'small objects'];
      if (life === workspace) return [life, 'delegate workspace'];
      if (isPacked(life)) return [life, 'packed weights'];
      if (arena.has(life)) return [life, 'arena'];
      if (life.phase.endsWith('invoke') || life.phase.endsWith('invokes')) return [life, 'scratch'];
      return [life, 'small objects'];
    }),
  );
}

function isPacked({ phase, alignment, bytes, died }: Life): boolean {
  return (
    phase === 'delegate' && alignment > LEAST_ALIGNMENT && bytes >= SMALL_BYTES && died === null
  );
}

function arenaOf(lives: readonly Life[]): ReadonlySet<Life> {
  const kept = lives.filter(({ died, bytes }) => died === null && bytes >= SMALL_BYTES);
  const tensors = kept.filter(({ phase }) => phase === 'tensors');
  if (tensors.length > 0) return new Set(tensors);
  const [first, ...others] = kept.filter(({ phase }) => phase === 'interpreter');
  if (first === undefined) return new Set();
  return new Set([others.reduce((best, life) => (life.bytes > best.bytes ? life : best), first)]);
}
