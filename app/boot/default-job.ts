import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModelConfig } from '../config/config.ts';
import { isTree } from '../config/layer.ts';
import { loadConfig } from '../config/load.ts';
import { formatPath } from '../config/settings.ts';

const NAME = 'default-job.json';
const PLACE = join('build', 'models', NAME);
/** From the folder of the program: in a board's bundle, and where a board has it installed. */
const BUNDLED = join('..', 'models', NAME);
const INSTALLED = join('..', '..', '..', 'share', 'edgepool', 'models', NAME);

/** A bundle's own; else from this file upwards, so that a checkout and a package in it find the same
 *  one; else the system's. */
function findJob(): string | null {
  const here = dirname(fileURLToPath(import.meta.url));
  const places = [join(here, BUNDLED)];
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder)) {
    places.push(join(folder, PLACE));
  }
  places.push(join(here, INSTALLED));
  return places.find((place) => existsSync(place)) ?? null;
}

function readModels(file: string): unknown[] {
  let models: unknown;
  try {
    models = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}; make it again with "make models"`);
  }
  if (!Array.isArray(models)) {
    throw new Error(`${file}: must be a list of models; make it again with "make models"`);
  }
  const beside = (path: string): string => resolve(dirname(file), path);
  return models.map((model: unknown) => {
    if (!isTree(model)) return model;
    const paths = ['file', 'labels'].filter((key) => typeof model[key] === 'string');
    return {
      ...model,
      ...Object.fromEntries(paths.map((key) => [key, beside(String(model[key]))])),
    };
  });
}

/** The models that set-up has made, for a run without any of its own. */
export function defaultJob(file: string | null = findJob()): ModelConfig[] {
  if (file === null) {
    throw new Error(
      `no model is named and ${PLACE} is not there: run "make models" or add --model`,
    );
  }
  const flags = {
    values: { models: readModels(file) },
    usage: false,
    subject: (path: readonly (string | number)[]) => `${file}: ${formatPath(path)}`,
  };
  return loadConfig({ file: null, environment: {}, flags }).models;
}
