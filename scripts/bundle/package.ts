/**
 * Makes dist/: the program and the drop-in class for Node without a TypeScript loader, with the
 * native library, its trial program and the types beside them.
 *
 *   node --import tsx scripts/bundle/package.ts
 *
 * What npm installs stays outside: package.json names it.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundleProgram, copyPage, ROOT } from './program.ts';

const DIST = join(ROOT, 'dist');
const NATIVE = join(ROOT, 'build', 'native');
/** What of the native build the program opens or starts. */
const NATIVE_FILES = ['libedgepool.so', 'edgepool-trial'];

/** Where it was built: what a machine needs for it, the program says when it is asked for. */
const OPTIONAL_FILES = ['libedgepool-gst.so'];

const missing = NATIVE_FILES.find((name) => !existsSync(join(NATIVE, name)));
if (missing !== undefined) {
  process.stderr.write(
    `bundle: ${join('build', 'native', missing)} is missing: run "make setup"\n`,
  );
  process.exit(1);
}

rmSync(DIST, { recursive: true, force: true });
mkdirSync(DIST, { recursive: true });
const entryPoints = { edgepool: 'app/cli/index.ts', index: 'app/models/tfjs.ts' };
await bundleProgram(entryPoints, DIST, { packages: 'external' });
const built = [...NATIVE_FILES, ...OPTIONAL_FILES].filter((name) => existsSync(join(NATIVE, name)));
for (const name of built) copyFileSync(join(NATIVE, name), join(DIST, name));
copyPage(DIST);
execFileSync(
  join(ROOT, 'node_modules', '.bin', 'tsc'),
  [
    join(ROOT, 'app', 'models', 'tfjs.ts'),
    ...['--outDir', join(DIST, 'types'), '--rootDir', join(ROOT, 'app')],
    ...['--declaration', '--emitDeclarationOnly', '--rewriteRelativeImportExtensions'],
    ...['--target', 'es2022', '--module', 'nodenext', '--strict', '--skipLibCheck'],
    ...['--types', 'node'],
  ],
  { cwd: ROOT, stdio: 'inherit' },
);
