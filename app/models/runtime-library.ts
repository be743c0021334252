import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NAME = 'libtensorflowlite_c.so';

/** Where a board's bundle has it, from the program's folder. */
const BUNDLED = fileURLToPath(new URL(`../lib/${NAME}`, import.meta.url));

/** Folder names of the npm package's libraries, by Node's name of the machine. */
const FOLDERS: Record<string, string> = { x64: 'linux_amd64', arm64: 'linux_arm64' };

/**
 * The shared library with the TensorFlow Lite C API: the given one, else the environment's
 * EDGEPOOL_TFLITE, else a bundle's own, else the one that the npm package tfjs-tflite-node brings for
 * this machine.
 */
export function runtimeLibrary(path?: string | null): string {
  const named = path ?? process.env.EDGEPOOL_TFLITE;
  if (named) {
    return named;
  }
  if (existsSync(BUNDLED)) return BUNDLED;
  const require = createRequire(import.meta.url);
  try {
    const root = dirname(require.resolve('@tensorflow/tfjs-tflite-node/package.json'));
    const file = join(root, 'cc_deps', FOLDERS[process.arch] ?? '', NAME);
    if (existsSync(file)) {
      return file;
    }
  } catch {
    // Not installed: the message below says what to do, whichever of the two it was.
  }
  throw new Error(
    `no TensorFlow Lite library for ${process.arch}: install the package tfjs-tflite-node, or name a library in runtime.library`,
  );
}
