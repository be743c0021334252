import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ROOT } from '../edgepool.ts';

/** The bundle's folder, which its archive was made of. */
export const BUNDLE = join(ROOT, 'build/bundle/edgepool-bundle-arm64');
/** Where the board has what the bundle brought. */
export const INSTALLED = '/usr/share/edgepool';

type Tree = Record<string, unknown>;

interface Model {
  /** From the bundle's folder. */
  file: string;
}

/** The models that a board runs unless it is told otherwise. */
export function shippedModels(): Model[] {
  return parse(readFileSync(join(BUNDLE, 'edgepool.yaml'), 'utf8')).models;
}

/** A board's own settings, above those that it is shipped with: frames of the virtual camera, as fast
 *  as an emulated processor can take them, and `more`. */
export function settings(more: Tree = {}): string {
  const source = { kind: 'v4l2', path: '/dev/video0', width: 640, height: 360 };
  return stringify({ version: 1, source, fps: 2, ...more });
}
