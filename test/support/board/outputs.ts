import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Snapshot } from '../../../app/stats/snapshot.ts';
import { ROOT } from '../root.ts';
import type { Board } from './board.ts';
import { inFolder } from './in-folder.ts';
import { knownPicture } from './picture.ts';
import { BUNDLE, INSTALLED, shippedModels } from './settings.ts';

const LIBRARY =
  'node_modules/@tensorflow/tfjs-tflite-node/cc_deps/linux_amd64/libtensorflowlite_c.so';

/** How long models are asked here, one run after the other until each has answered, which takes
 *  longer where much else goes on. */
const RUNS_SECONDS = [3, 15, 75];

/** What each of the bundle's models sees first in the known picture, on this machine. */
export function topLabels(): Record<string, string | undefined> {
  for (const seconds of RUNS_SECONDS) {
    const models = modelsAfter(seconds);
    if (models.every(({ invokes }) => invokes > 0)) {
      return Object.fromEntries(models.map(({ name, top }) => [name, top?.label]));
    }
  }
  throw new Error(`a model has not answered here within ${RUNS_SECONDS.at(-1)} seconds`);
}

function modelsAfter(seconds: number): Snapshot['models'] {
  return inFolder((folder) => {
    const [picture, report] = [join(folder, 'known.bmp'), join(folder, 'report.json')];
    writeFileSync(picture, knownPicture());
    const config = join(BUNDLE, 'edgepool.yaml');
    const more = ['--source', `still:${picture}`, '--broker', 'none', '--duration', `${seconds}`];
    execFileSync(
      join(ROOT, 'scripts/edgepool'),
      ['run', '--config', config, ...more, '--report', report],
      { env: { ...process.env, EDGEPOOL_REGION_LOCK: 'preferred' }, stdio: 'pipe' },
    );
    return (JSON.parse(readFileSync(report, 'utf8')) as Snapshot).models;
  });
}

/**
 * Every output of a model on a picture that the guest has, beside those of this machine: fails
 * unless the largest stands at the same place and integers are within one step.
 */
export async function compareOutputs(
  board: Board,
  model: string,
  picture: string,
): Promise<string> {
  const dump = inFolder((folder) => {
    const [known, file] = [join(folder, 'known.bmp'), join(folder, 'outputs')];
    writeFileSync(known, knownPicture());
    const words = ['write', join(ROOT, LIBRARY), join(BUNDLE, model), known, file];
    execFileSync(join(ROOT, 'build/native/outputs'), words, { stdio: 'pipe' });
    return readFileSync(file).toString('base64');
  });
  const words = `/usr/lib/libtensorflowlite_c.so ${INSTALLED}/${model} ${picture} /run/outputs`;
  await board.run(`base64 -d <<<${dump} >/run/outputs`);
  return `${model}: ${await board.run(`/usr/libexec/edgepool-test/outputs compare ${words}`)}`;
}

/** Of the bundle, from its folder. */
export function modelFiles(): string[] {
  return shippedModels().map(({ file }) => file);
}
