import type { Config } from './config.ts';
import { derive } from './derive.ts';
import { CONFIG_VARIABLE, environmentLayer } from './environment-layer.ts';
import { fileLayer } from './file-layer.ts';
import { type Layer, merge } from './layer.ts';
import { validate } from './validate.ts';

export interface ConfigSources {
  /** A YAML or JSON file; null: the one that EDGEPOOL_CONFIG names, if any. */
  file: string | null;
  environment: NodeJS.ProcessEnv;
  /** What the command line says. */
  flags: Layer | null;
}

/** Flags win over the environment, that over the file, that over the defaults. */
export function loadConfig(sources: ConfigSources): Config {
  const file = sources.file ?? sources.environment[CONFIG_VARIABLE] ?? null;
  const layers: Layer[] = [];
  if (file !== null) layers.push(fileLayer(file));
  layers.push(environmentLayer(sources.environment));
  if (sources.flags !== null) layers.push(sources.flags);
  return validate(derive(merge(layers), layers), layers);
}
