import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Folder names of the npm package's libraries, by Node's name of the machine. */
const FOLDERS: Record<string, string> = { x64: 'linux_amd64', arm64: 'linux_arm64' };

/**
 * The shared library with the TensorFlow Lite C API: the given one, else the environment's
 * EDGEPOOL_TFLITE, else the one that the npm package tfjs-tflite-node brings for this machine.
 */
export function runtimeLibrary(path?: string | null): string {
  const named = path ?? process.env.EDGEPOOL_TFLITE;
  if (named) {
    return named;
  }
  const require = createRequire(import.meta.url);
  try {
    const root = dirname(require.resolve('@tensorflow/tfjs-tflite-node/package.json'));
    const file = join(root, 'cc_deps', FOLDERS[process.arch] ?? '', 'libtensorflowlite_c.so');
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
