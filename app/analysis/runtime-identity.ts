import { runtimeLibrary } from '../models/runtime-library.ts';
import { sha256File } from '../models/sha256.ts';

/** What tells one runtime from another: a model needs other pools with another one. */
export interface RuntimeIdentity {
  /** Of the TensorFlow Lite library. */
  sha256: string;
  /** Node's name of the processor. */
  machine: string;
}

export async function runtimeIdentity(library: string | null): Promise<RuntimeIdentity> {
  const sha256 = await sha256File(runtimeLibrary(library));
  return { sha256, machine: process.arch };
}
