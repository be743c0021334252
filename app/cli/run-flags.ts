import { type Layer, type Tree, tree } from '../config/layer.ts';
import { nearest } from '../config/nearest.ts';
import { nodeAt, type Path, valueFromText } from '../config/settings.ts';
import type { Arguments } from './arguments.ts';
import { UsageError } from './usage-error.ts';

/** Options that are one setting each. */
const SIMPLE: Readonly<Record<string, string[]>> = {
  '--fps': ['fps'],
  '--duration': ['duration_seconds'],
  '--broker': ['mqtt', 'broker'],
  '--report': ['report'],
  '--plan': ['plan'],
};

/** Settings of `--model FILE,key=value`, by the name that stands there. */
const MODEL_KEYS: Readonly<Record<string, string>> = {
  labels: 'labels',
  name: 'name',
  every: 'every',
  threads: 'threads',
  deadline: 'deadline_ms',
  priority: 'priority',
  mean: 'mean',
  std: 'std',
  fit: 'fit',
  task: 'task',
  score: 'score',
  anchors: 'anchors',
  anchor: 'anchor_side',
};

export const RUN_OPTIONS = [...Object.keys(SIMPLE), '--config', '--source', '--model'];

/** `a,b=1,2,c=3` as its head `a` and the pairs `b=1,2` and `c=3`. */
function split(option: string, text: string): { head: string; pairs: [string, string][] } {
  const [head = '', ...pieces] = text.split(',');
  const pairs: [string, string][] = [];
  for (const piece of pieces) {
    const equals = piece.indexOf('=');
    const last = pairs.at(-1);
    if (equals > 0) pairs.push([piece.slice(0, equals), piece.slice(equals + 1)]);
    else if (last !== undefined) last[1] += `,${piece}`;
    else throw new UsageError(`${option} ${text}: "${piece}" must be a setting such as name=value`);
  }
  return { head, pairs };
}

function modelValue(setting: string, text: string): unknown {
  const path = ['models', 0, setting];
  if (setting !== 'mean' && setting !== 'std')
    return valueFromText(text, nodeAt(path) ?? { type: '' });
  const items = nodeAt(path)?.items ?? { type: '' };
  return text.split(',').map((piece) => valueFromText(piece, items));
}

function model(text: string): Tree {
  const { head, pairs } = split('--model', text);
  const settings = tree();
  settings.file = head;
  for (const [key, value] of pairs) {
    const setting = MODEL_KEYS[key];
    if (setting === undefined) {
      const near = nearest(key, Object.keys(MODEL_KEYS));
      throw new UsageError(`--model ${head}: ${key} is not a setting; the nearest is ${near}`);
    }
    settings[setting] = modelValue(setting, value);
  }
  return settings;
}

function source(text: string): Tree {
  const { head, pairs } = split('--source', text);
  const colon = head.indexOf(':');
  const settings = tree();
  settings.kind = colon < 0 ? head : head.slice(0, colon);
  if (colon >= 0) settings.path = head.slice(colon + 1);
  const needsPath = settings.kind === 'still' || settings.kind === 'v4l2';
  if (needsPath !== Boolean(settings.path)) {
    throw new UsageError(`--source ${text}: use pattern, still:PATH or v4l2:DEVICE`);
  }
  for (const [key, value] of pairs) {
    if (key !== 'each' || settings.kind !== 'still') {
      throw new UsageError(`--source ${text}: ${key} is not a setting; still takes each=SECONDS`);
    }
    settings.each_seconds = valueFromText(value, { type: 'number' });
  }
  return settings;
}

/** Names a setting as it stands on the command line. */
function subject(models: readonly Tree[], path: Path): string {
  const [first, second, third] = path;
  if (first === 'models' && typeof second === 'number') {
    const key = Object.keys(MODEL_KEYS).find((name) => MODEL_KEYS[name] === third);
    return `--model ${String(models[second]?.file)}: ${key ?? String(third ?? 'the model')}`;
  }
  if (first === 'source') return `--source: ${second === 'each_seconds' ? 'each' : second}`;
  const simple = Object.entries(SIMPLE).find(([, setting]) => setting.join() === path.join());
  return simple?.[0] ?? path.join('.');
}

/** The command line's settings as the highest layer of the configuration. */
export function flagsLayer({ values }: Arguments): Layer {
  const settings = tree();
  for (const [option, [section, key]] of Object.entries(SIMPLE)) {
    const text = values.get(option)?.at(-1);
    if (text === undefined || section === undefined) continue;
    const path = SIMPLE[option] ?? [];
    const value = valueFromText(text, nodeAt(path) ?? { type: '' });
    settings[section] = key === undefined ? value : { [key]: value };
  }
  const sourceText = values.get('--source')?.at(-1);
  if (sourceText !== undefined) settings.source = source(sourceText);
  const models = (values.get('--model') ?? []).map(model);
  if (models.length > 0) settings.models = models;
  return { values: settings, usage: true, subject: (path) => subject(models, path) };
}
