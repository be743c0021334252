import type { Metafile, Plugin } from 'esbuild';
import { bundleProgram } from './program.ts';

/** Where the addon lies, from the program's folder. */
const ADDON = '../lib/koffi.node';

/** In place of koffi's own search of packages for its addon. */
const LOADER = `
  import { createRequire } from 'node:module';
  export const loadStatic = () => createRequire(import.meta.url)('${ADDON}');`;

/** Addons that ws takes where they are installed. They are not; nobody shall look for them. */
const NEVER_INSTALLED = /^(bufferutil|utf-8-validate)$/;

const nothingIsSearched: Plugin = {
  name: 'nothing is searched',
  setup(build) {
    build.onLoad({ filter: /\/koffi\/src\/koffi\/src\/static\.js$/ }, () => ({ contents: LOADER }));
    build.onResolve({ filter: NEVER_INSTALLED }, ({ path }) => ({ path, namespace: 'absent' }));
    build.onLoad({ filter: /./, namespace: 'absent' }, ({ path }) => ({
      contents: `throw new Error('${path} is not in the bundle');`,
    }));
  },
};

/** CommonJS packages in an ECMAScript module ask for Node's own modules by this. */
const REQUIRE = [
  "import { createRequire as createBundleRequire } from 'node:module';",
  'const require = createBundleRequire(import.meta.url);',
].join('\n');

/** The program for a board: all packages in it, so that it starts without a node_modules. */
export function bundleForBoard(folder: string): Promise<Metafile> {
  return bundleProgram({ edgepool: 'app/cli/index.ts' }, folder, {
    plugins: [nothingIsSearched],
    banner: { js: REQUIRE },
    // Only `edgepool bench` and the drop-in class would ask for them.
    external: ['esbuild', '@tensorflow/tfjs-core'],
  });
}
