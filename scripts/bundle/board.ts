/**
 * The files of the board's bundle for arm64, in a folder.
 *
 *   node --import tsx scripts/bundle/board.ts FOLDER DOWNLOADS
 *
 * FOLDER is made anew; DOWNLOADS keeps what was fetched.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { readPlanFile } from '../../app/analysis/plan-file.ts';
import { sha256Bytes } from '../../app/models/sha256.ts';
import { bundleForBoard } from './board-program.ts';
import { bundledFolders, licencesOf } from './licences.ts';
import { fetchPackage } from './npm-archive.ts';
import { copyPage, ROOT } from './program.ts';

const LOCK_FILE = join(ROOT, 'package-lock.json');
const ADDON_PACKAGE = '@koromix/koffi-linux-arm64';
const RUNTIME_FOLDER = join(ROOT, 'node_modules', '@tensorflow', 'tfjs-tflite-node');
const RUNTIME = 'libtensorflowlite_c.so';
const MODELS = join(ROOT, 'build', 'models');

interface JobModel {
  file: string;
  labels?: string;
  [setting: string]: unknown;
}

/** What a board starts with before anybody has set anything. */
function boardSettings(job: readonly JobModel[]): string {
  const models = job.map((model) => ({
    ...model,
    file: `models/${model.file}`,
    ...(model.labels === undefined ? {} : { labels: `models/${model.labels}` }),
  }));
  const recovery = {
    absent_cameras: 'wait',
    refused_models: 'leave_out',
    refused_settings: 'leave_out',
  };
  return `# The settings that a board starts with; docs/configuration.md has all that there are.
# The region is one block of the huge pages that the kernel has reserved, locked in memory. A model
# that cannot be used does not keep the others from running, nor does a camera that is away, nor a
# damaged file of settings above this one. A stop has a second less than the service manager gives.
${stringify({ version: 1, region: { lock: 'required' }, stop_seconds: 9, recovery, models })}`;
}

/** The entries of `plan.json` beside this file that are for these models and this runtime; what has
 *  none is tried on the board at every start. */
function writePlan(folder: string, files: readonly string[]): void {
  const plan = readPlanFile(fileURLToPath(new URL('plan.json', import.meta.url)));
  const digests = new Map(
    files.map((file) => [sha256Bytes(readFileSync(join(folder, 'models', file))), file]),
  );
  const runtime = sha256Bytes(readFileSync(join(folder, 'lib', RUNTIME)));
  const models = plan.models.filter(
    ({ sha256 }) => plan.runtime.sha256 === runtime && digests.has(sha256),
  );
  for (const { sha256 } of models) digests.delete(sha256);
  for (const file of digests.values()) {
    process.stdout.write(
      `board: the plan is not for ${file}, which will be tried at every start: scripts/bundle.sh plan\n`,
    );
  }
  if (models.length === 0) return;
  const text = JSON.stringify({ ...plan, models }, null, 2);
  writeFileSync(join(folder, 'models', 'plan.json'), `${text}\n`);
}

function copyModels(folder: string): void {
  const job = JSON.parse(readFileSync(join(MODELS, 'default-job.json'), 'utf8')) as JobModel[];
  const named = job.flatMap(({ file, labels }) => (labels === undefined ? [file] : [file, labels]));
  const files = ['default-job.json', ...named];
  for (const file of files) copyFileSync(join(MODELS, file), join(folder, 'models', file));
  writeFileSync(join(folder, 'edgepool.yaml'), boardSettings(job));
  writePlan(
    folder,
    job.map(({ file }) => file),
  );
}

/** Shared libraries for the board's processor: koffi's addon and TensorFlow Lite. */
function copyLibraries(folder: string, addon: string): void {
  copyFileSync(join(addon, 'linux_arm64', 'koffi.node'), join(folder, 'lib', 'koffi.node'));
  const runtime = join(RUNTIME_FOLDER, 'cc_deps', 'linux_arm64', RUNTIME);
  copyFileSync(runtime, join(folder, 'lib', RUNTIME));
}

function copyPapers(folder: string, packages: readonly string[]): void {
  for (const name of ['LICENSE', 'NOTICE', 'package-lock.json']) {
    copyFileSync(join(ROOT, name), join(folder, name));
  }
  const { name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  const manifest = { name, version, private: true, type: 'module' };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const licences = `${JSON.stringify(licencesOf(packages), null, 2)}\n`;
  writeFileSync(join(folder, 'licences.json'), licences);
}

const [target, downloads] = process.argv.slice(2);
if (target === undefined || downloads === undefined) {
  process.stderr.write('usage: board.ts FOLDER DOWNLOADS\n');
  process.exit(2);
}
const folder = resolve(target);
rmSync(folder, { recursive: true, force: true });
for (const name of ['dist', 'lib', 'models']) mkdirSync(join(folder, name), { recursive: true });
const addon = join(resolve(downloads), 'koffi-linux-arm64');
fetchPackage(LOCK_FILE, ADDON_PACKAGE, addon);
const metafile = await bundleForBoard(join(folder, 'dist'));
copyPage(join(folder, 'dist'));
copyLibraries(folder, addon);
copyModels(folder);
copyPapers(folder, [
  ...bundledFolders(metafile),
  addon,
  RUNTIME_FOLDER,
  join(ROOT, 'node_modules', 'uplot'),
]);
