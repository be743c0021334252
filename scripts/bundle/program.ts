import { copyFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The program's modules in one file each, and which sources went into it. */
export async function bundleProgram(
  entryPoints: Readonly<Record<string, string>>,
  folder: string,
  options: Pick<BuildOptions, 'banner' | 'external' | 'packages' | 'plugins'>,
): Promise<Metafile> {
  const { metafile } = await build({
    ...options,
    absWorkingDir: ROOT,
    entryPoints,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
    metafile: true,
  });
  return metafile;
}

/** The page, with the library of its plots, as the server looks for them beside the program. */
export function copyPage(folder: string): void {
  const page = join(folder, 'page');
  cpSync(join(ROOT, 'app', 'dashboard', 'page'), page, { recursive: true });
  for (const name of ['uPlot.iife.min.js', 'uPlot.min.css']) {
    copyFileSync(join(ROOT, 'node_modules', 'uplot', 'dist', name), join(page, name));
  }
}
