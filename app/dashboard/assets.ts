import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface Asset {
  type: string;
  body: Buffer;
}

/** The page's files, beside this one or beside the bundle. */
const FOLDER = new URL('./page/', import.meta.url);

/** By their place on the server. The plots' library lies with the page in a bundle, else in its
 *  package. */
const FILES: Readonly<Record<string, { file: string; type: string; library?: string }>> = {
  '/': { file: 'index.html', type: 'text/html; charset=utf-8' },
  '/page.js': { file: 'page.js', type: 'text/javascript; charset=utf-8' },
  '/changes.js': { file: 'changes.js', type: 'text/javascript; charset=utf-8' },
  '/memory.js': { file: 'memory.js', type: 'text/javascript; charset=utf-8' },
  '/places.js': { file: 'places.js', type: 'text/javascript; charset=utf-8' },
  '/board.js': { file: 'board.js', type: 'text/javascript; charset=utf-8' },
  '/picture.js': { file: 'picture.js', type: 'text/javascript; charset=utf-8' },
  '/page.css': { file: 'page.css', type: 'text/css; charset=utf-8' },
  '/icon.svg': { file: 'icon.svg', type: 'image/svg+xml' },
  '/uplot.js': { ...plots('uPlot.iife.min.js'), type: 'text/javascript; charset=utf-8' },
  '/uplot.css': { ...plots('uPlot.min.css'), type: 'text/css; charset=utf-8' },
};

function plots(file: string): { file: string; library: string } {
  return { file, library: `uplot/dist/${file}` };
}

function pathOf(file: string, library: string | undefined): string {
  const beside = fileURLToPath(new URL(file, FOLDER));
  if (library === undefined || existsSync(beside)) return beside;
  return createRequire(import.meta.url).resolve(library);
}

/** Reads everything once. Throws where a file is missing. */
export function readAssets(): ReadonlyMap<string, Asset> {
  return new Map(
    Object.entries(FILES).map(([place, { file, type, library }]) => [
      place,
      { type, body: readFileSync(pathOf(file, library)) },
    ]),
  );
}
