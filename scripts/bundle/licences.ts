import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { ROOT } from './program.ts';

export interface Licence {
  name: string;
  version: string;
  /** SPDX expression, as the package says. */
  license: string;
  /** The words of it that go with every copy; null where the package has no such file. */
  text: string | null;
}

const FOLDER = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/** The folders of the npm packages of which something is in the bundle. */
export function bundledFolders({ inputs, outputs }: Metafile): string[] {
  // What was read and then left out as unused is not in it.
  const used = Object.values(outputs).flatMap((output) =>
    Object.entries(output.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([file]) => file),
  );
  const folders = used.filter((file) => file in inputs).map((file) => FOLDER.exec(file)?.[1]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].map((folder) =>
    join(ROOT, folder),
  );
}

function textOf(folder: string): string | null {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  return file === undefined ? null : readFileSync(join(folder, file), 'utf8');
}

function licenceOf(folder: string): Licence {
  const { name, version, license } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as { name: string; version: string; license?: unknown };
  if (typeof license !== 'string') throw new Error(`${name} ${version}: says no licence`);
  return { name, version, license, text: textOf(folder) };
}

/** One entry for each package, by name and version. */
export function licencesOf(folders: readonly string[]): Licence[] {
  const all = folders.map(licenceOf);
  const byPackage = new Map(all.map((entry) => [`${entry.name} ${entry.version}`, entry]));
  return [...byPackage.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}
