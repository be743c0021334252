import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ROOT } from '../root.ts';

/** The bundle's folder, which its archive was made of. */
export const BUNDLE = join(ROOT, 'build/bundle/edgepool-bundle-arm64');
/** Where the board has what the bundle brought. */
export const INSTALLED = '/usr/share/edgepool';

type Tree = Record<string, unknown>;

export interface Model {
  /** From the bundle's folder. */
  file: string;
  labels?: string;
  /** Has a turn on every n-th frame. */
  every?: number;
}

/** The models that a board runs unless it is told otherwise. */
export function shippedModels(): Model[] {
  return parse(readFileSync(join(BUNDLE, 'edgepool.yaml'), 'utf8')).models;
}

/** Turns of the shipped models that emulation carries, a heavier one less often. */
const TURNS = [1, 16, 60];

/** The shipped models as settings of the board's own name them. */
export function installedModels(): Model[] {
  const installed = (path: string) => join(INSTALLED, path);
  return shippedModels().map(({ file, labels, ...model }, place) => ({
    ...model,
    file: installed(file),
    ...(labels === undefined ? {} : { labels: installed(labels) }),
    every: TURNS[place] ?? 1,
  }));
}

/** A board's own settings, above those that it is shipped with: frames of the virtual camera and
 *  turns, as many as an emulated processor can take, and `more`. */
export function settings(more: Tree = {}): string {
  const source = { kind: 'v4l2', path: '/dev/video0', width: 640, height: 360 };
  return stringify({ version: 1, source, fps: 1, models: installedModels(), ...more });
}
