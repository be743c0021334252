import { ConfigError } from './config-error.ts';
import { isTree, type Layer, type Tree, tree } from './layer.ts';
import { nearest } from './nearest.ts';
import { hasType, listSettings, type Setting, valueFromText } from './settings.ts';

const PREFIX = 'EDGEPOOL_';

/** Names the configuration file itself. */
export const CONFIG_VARIABLE = 'EDGEPOOL_CONFIG';

/** Ours, but no settings: where libraries are, and what the drop-in class takes. */
const NOT_SETTINGS = [CONFIG_VARIABLE, 'EDGEPOOL_LIBRARY', 'EDGEPOOL_TFLITE', 'EDGEPOOL_REGION_MB'];

/** `EDGEPOOL_MQTT_BROKER` for `mqtt.broker`; null where it is a list or has entries by name. */
export function variableOf(setting: Setting): string | null {
  const { node } = setting;
  return hasType(node, 'array') || hasType(node, 'object')
    ? null
    : PREFIX + setting.path.join('_').toUpperCase();
}

function put(values: Tree, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length === 0) {
    values[key] = value;
    return;
  }
  const old = values[key];
  const section = isTree(old) ? old : tree();
  values[key] = section;
  put(section, rest, value);
}

/** The settings in the environment. Fails on a variable of ours that names no setting. */
export function environmentLayer(environment: NodeJS.ProcessEnv): Layer {
  const settings = new Map(listSettings().map((setting) => [variableOf(setting), setting]));
  settings.delete(null);
  const values = tree();
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || NOT_SETTINGS.includes(variable)) continue;
    const setting = settings.get(variable);
    if (setting === undefined) {
      const known = [...settings.keys(), ...NOT_SETTINGS].filter((name) => name !== null);
      throw new ConfigError(
        `${variable} in the environment is not a setting; the nearest is ${nearest(variable, known)}`,
      );
    }
    if (text !== undefined) put(values, setting.path, valueFromText(text, setting.node));
  }
  return {
    values,
    usage: false,
    subject: (path) => `${PREFIX}${path.join('_').toUpperCase()} in the environment`,
  };
}
