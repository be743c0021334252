import { agree } from './agreement.ts';
import type { Config } from './config.ts';
import { ConfigError } from './config-error.ts';
import { derive } from './derive.ts';
import { CONFIG_VARIABLE, environmentLayer } from './environment-layer.ts';
import { fileLayer } from './file-layer.ts';
import { type Layer, merge } from './layer.ts';
import { validate } from './validate.ts';

export interface ConfigSources {
  /** A YAML or JSON file, or several, of which a later one wins; null: the one that
   *  EDGEPOOL_CONFIG names, if any. */
  file: string | readonly string[] | null;
  environment: NodeJS.ProcessEnv;
  /** What the command line says. */
  flags: Layer | null;
}

/** The configuration that the layers make together. Throws a ConfigError about what is wrong. */
export function combine(layers: readonly Layer[]): Config {
  return agree(validate(derive(merge(layers), layers), layers), layers);
}

/** Flags win over the environment, that over the files, those over the defaults. */
export function loadConfig(sources: ConfigSources): Config {
  const files = sources.file ?? sources.environment[CONFIG_VARIABLE] ?? [];
  const layers: Layer[] = [files].flat().map(fileLayer);
  layers.push(environmentLayer(sources.environment));
  if (sources.flags !== null) layers.push(sources.flags);
  return combine(layers);
}

export interface Loaded {
  config: Config;
  /** Why the last file was left out, in one line; null: it was not. */
  refused: string | null;
}

/** As `loadConfig`; but the last of several files is left out when it is refused, where the ones
 *  before it say so (`recovery.refused_settings`). */
export function loadOrLeaveOut(sources: ConfigSources): Loaded {
  try {
    return { config: loadConfig(sources), refused: null };
  } catch (error) {
    const files = [sources.file ?? []].flat();
    if (!(error instanceof ConfigError) || error.usage || files.length < 2) throw error;
    const config = loadConfig({ ...sources, file: files.slice(0, -1) });
    if (config.recovery.refused_settings === 'stop') throw error;
    return { config, refused: error.message };
  }
}
