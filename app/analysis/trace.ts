import { readFileSync } from 'node:fs';

/** The phases of a model's life, in the order of the header's `ep_phase`. */
export const PHASES = [
  'none',
  'read',
  'interpreter',
  'delegate',
  'tensors',
  'first invoke',
  'later invokes',
  'unload',
] as const;
export type Phase = (typeof PHASES)[number];

export type Operation = 'alloc' | 'free' | 'resize';
const OPERATIONS: readonly (Operation | undefined)[] = [undefined, 'alloc', 'free', 'resize'];

/** One operation on the pool, as it was recorded. */
export interface Step {
  timeNs: number;
  /** From the start of the pool's window. */
  offset: number;
  /** `resize`: where the block was. */
  oldOffset: number;
  /** Requested; 0 for `free`. */
  bytes: number;
  alignment: number;
  thread: number;
  operation: Operation;
  phase: Phase;
}

export interface Trace {
  /** Where the pool's window started. */
  baseAddress: bigint;
  steps: Step[];
}

const MAGIC = 'EPTRACE1';
const HEADER_BYTES = 32;
const STEP_BYTES = 48;

/** Reads what `edgepool-trial` recorded: a header and one `ep_record` after the other. */
export function readTrace(file: string): Trace {
  const bytes = readFileSync(file);
  const whole =
    bytes.length >= HEADER_BYTES &&
    bytes.toString('latin1', 0, 8) === MAGIC &&
    bytes.readUInt32LE(8) === STEP_BYTES &&
    bytes.length === HEADER_BYTES + bytes.readUInt32LE(12) * STEP_BYTES;
  if (!whole) throw new Error(`${file}: not a whole record of edgepool-trial; record it again`);
  const steps = Array.from({ length: bytes.readUInt32LE(12) }, (_, index) =>
    readStep(bytes, HEADER_BYTES + index * STEP_BYTES),
  );
  return { baseAddress: bytes.readBigUInt64LE(16), steps };
}

function readStep(bytes: Buffer, at: number): Step {
  const operation = OPERATIONS[bytes.readUInt8(at + 40)];
  const phase = PHASES[bytes.readUInt8(at + 41)];
  if (operation === undefined || phase === undefined) {
    throw new Error(`a record has an operation or a phase that is not known, at byte ${at}`);
  }
  return {
    timeNs: Number(bytes.readBigUInt64LE(at)),
    offset: Number(bytes.readBigUInt64LE(at + 8)),
    oldOffset: Number(bytes.readBigUInt64LE(at + 16)),
    bytes: Number(bytes.readBigUInt64LE(at + 24)),
    alignment: bytes.readUInt32LE(at + 32),
    thread: bytes.readUInt32LE(at + 36),
    operation,
    phase,
  };
}
