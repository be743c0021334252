import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi, { type LibraryHandle } from 'koffi';
import { EP_ABI_VERSION } from './constants.ts';
import type { Native } from './native.ts';
import { prototypes } from './prototypes.ts';
// Names the structs that the prototypes below speak of.
import './structs.ts';

const NAME = 'libedgepool.so';

const loaded = new Map<string, Native>();

/**
 * Opens the native library: the given path, else the environment's EDGEPOOL_LIBRARY, else
 * `build/native` of the checkout, else beside the program's own file. Once a path.
 */
export function loadNative(path?: string): Native {
  const file = resolve(path ?? process.env.EDGEPOOL_LIBRARY ?? findLibrary());
  const known = loaded.get(file);
  if (known) {
    return known;
  }
  const library = open(file);
  const functions: Record<string, unknown> = { path: file };
  for (const prototype of prototypes) {
    const name = /(ep_\w+)\(/.exec(prototype)?.[1] ?? prototype;
    functions[name] = library.func(prototype);
  }
  const native = functions as unknown as Native;
  const version = native.ep_abi_version();
  if (version !== EP_ABI_VERSION) {
    throw new Error(
      `${file} has ABI version ${version}, this program needs ${EP_ABI_VERSION}: build both from the same sources`,
    );
  }
  loaded.set(file, native);
  return native;
}

/** koffi runs a call on a stack of its own; 128 KiB, its default, is too little for a load. */
const ASYNC_STACK_BYTES = 4 * 1024 * 1024;

function open(file: string): LibraryHandle {
  try {
    if (koffi.config().async_stack_size !== ASYNC_STACK_BYTES) {
      koffi.config({ async_stack_size: ASYNC_STACK_BYTES });
    }
    return koffi.load(file);
  } catch (error) {
    throw new Error(
      `cannot open the native library ${file}: ${(error as Error).message}. Build it with 'make build', or name it in EDGEPOOL_LIBRARY`,
    );
  }
}

/** From this file upwards: a checkout's build folder, then the folder of a bundled program. */
function findLibrary(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const candidates: string[] = [];
  for (let folder = here; ; folder = dirname(folder)) {
    candidates.push(join(folder, 'build', 'native', NAME));
    if (folder === dirname(folder)) {
      break;
    }
  }
  candidates.push(join(here, NAME));
  return candidates.find((candidate) => existsSync(candidate)) ?? join(here, NAME);
}
