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
 * Where the native library is: what the environment's EDGEPOOL_LIBRARY names, else `build/native`
 * of the checkout, else beside the program's own file, where a package has it, or in `../lib`, where
 * a board's bundle has its libraries.
 */
export function nativeLibrary(): string {
  return resolve(process.env.EDGEPOOL_LIBRARY ?? findLibrary());
}

/** Opens the native library, by default where `nativeLibrary` says. Once a path. */
export function loadNative(path?: string): Native {
  const file = path === undefined ? nativeLibrary() : resolve(path);
  const known = loaded.get(file);
  if (known) {
    return known;
  }
  const native = bind(file);
  loaded.set(file, native);
  return native;
}

function bind(file: string): Native {
  try {
    const library = open(file);
    const functions: Record<string, unknown> = { path: file };
    for (const prototype of prototypes) {
      const name = /(ep_\w+)\(/.exec(prototype)?.[1] ?? prototype;
      functions[name] = library.func(prototype);
      if (name === 'ep_abi_version') {
        checkVersion(functions.ep_abi_version as () => number);
      }
    }
    return functions as unknown as Native;
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(
      `cannot use the native library ${file}: ${reason}. Build it with 'make build', or name another in EDGEPOOL_LIBRARY`,
    );
  }
}

/** Before anything else of the library is looked at: another version may lack it. */
function checkVersion(read: () => number): void {
  const version = read();
  if (version !== EP_ABI_VERSION) {
    throw new Error(`it has ABI version ${version}, this program needs ${EP_ABI_VERSION}`);
  }
}

/** koffi runs a call on a stack of its own; 128 KiB, its default, is too little for a load. */
const ASYNC_STACK_BYTES = 4 * 1024 * 1024;

function open(file: string): LibraryHandle {
  if (koffi.config().async_stack_size !== ASYNC_STACK_BYTES) {
    koffi.config({ async_stack_size: ASYNC_STACK_BYTES });
  }
  return koffi.load(file);
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
  candidates.push(join(here, NAME), join(here, '..', 'lib', NAME));
  return candidates.find((candidate) => existsSync(candidate)) ?? join(here, NAME);
}
