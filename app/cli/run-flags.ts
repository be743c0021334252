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
  fps: 'fps',
  source: 'sources',
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

export const RUN_OPTIONS = [...Object.keys(SIMPLE), '--config', '--source', '--model', '--record'];

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
  const node = nodeAt(path) ?? { type: '' };
  if (node.items === undefined || text === 'null') return valueFromText(text, node);
  const { items } = node;
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

const KINDS = ['pattern', 'still', 'v4l2', 'y4m', 'gst'];

/** Settings of `--source KIND,key=value` and the kinds that have them; without any: all. */
const SOURCE_KEYS: Readonly<Record<string, { setting: string; kinds?: readonly string[] }>> = {
  each: { setting: 'each_seconds', kinds: ['still'] },
  width: { setting: 'width', kinds: ['pattern', 'v4l2'] },
  height: { setting: 'height', kinds: ['pattern', 'v4l2'] },
  seed: { setting: 'seed', kinds: ['pattern'] },
  fps: { setting: 'fps' },
};

const GST = 'gst:';

function source(option: string, text: string): Tree {
  if (text.startsWith(GST)) return gst(option, text);
  const { head, pairs } = split(option, text);
  const colon = head.indexOf(':');
  const settings = tree();
  const kind = colon < 0 ? head : head.slice(0, colon);
  settings.kind = kind;
  if (colon >= 0) settings.path = head.slice(colon + 1);
  if (KINDS.includes(kind) && (kind === 'pattern') === Boolean(settings.path)) {
    throw new UsageError(
      `${option} ${text}: use pattern, still:PATH, v4l2:DEVICE, y4m:FILE or gst:PIPELINE`,
    );
  }
  const known = Object.entries(SOURCE_KEYS).filter(
    ([, { kinds }]) => kinds?.includes(kind) ?? true,
  );
  for (const [key, value] of pairs) {
    const found = known.find(([name]) => name === key);
    if (found === undefined) {
      const names = known.map(([name]) => name).join(', ');
      throw new UsageError(`${option} ${text}: ${key} is not a setting; ${kind} takes ${names}`);
    }
    const path = ['source', found[1].setting];
    settings[found[1].setting] = valueFromText(value, nodeAt(path) ?? { type: '' });
  }
  return settings;
}

/** A pipeline has commas and equals signs of its own: all of the text is the pipeline. */
function gst(option: string, text: string): Tree {
  const pipeline = text.slice(GST.length).trim();
  if (pipeline === '') throw new UsageError(`${option} ${text}: name the pipeline's elements`);
  const settings = tree();
  settings.kind = 'gst';
  settings.pipeline = pipeline;
  return settings;
}

/** `NAME=` before the kind. */
const NAMED = /^([^=:,]+)=(.*)$/s;

/** `--source KIND...` once, or `--source NAME=KIND...` as often as there are sources. */
function sources(texts: readonly string[]): Tree {
  const settings = tree();
  const named = texts.map((text) => NAMED.exec(text));
  if (named.every((match) => match === null)) {
    const last = texts.at(-1);
    if (last !== undefined) settings.source = source('--source', last);
    return settings;
  }
  const byName = tree();
  named.forEach((match, index) => {
    const [, name = '', text = ''] = match ?? [];
    if (match === null || byName[name] !== undefined) {
      const why =
        match === null ? 'has no name, and others have' : 'has a name that another one has';
      throw new UsageError(`--source ${texts[index]}: ${why}; write NAME=${text || 'KIND'}`);
    }
    byName[name] = source(`--source ${name}=`, text);
  });
  settings.sources = byName;
  return settings;
}

/** `--record FILE`, or `--record NAME=FILE` where the sources have names. */
function record(text: string, namesSources: boolean): Tree {
  const [, name, file] = (namesSources && NAMED.exec(text)) || [];
  const settings = tree();
  settings.file = file ?? text;
  if (name !== undefined) settings.source = name;
  return settings;
}

function sourceKey(setting: string | number | undefined): string {
  const key = Object.keys(SOURCE_KEYS).find((name) => SOURCE_KEYS[name]?.setting === setting);
  return key ?? String(setting ?? 'the source');
}

/** Names a setting as it stands on the command line. */
function subject(models: readonly Tree[], path: Path): string {
  const [first, second, third] = path;
  if (first === 'models' && typeof second === 'number') {
    const key = Object.keys(MODEL_KEYS).find((name) => MODEL_KEYS[name] === third);
    return `--model ${String(models[second]?.file)}: ${key ?? String(third ?? 'the model')}`;
  }
  if (first === 'source') return `--source: ${sourceKey(second)}`;
  if (first === 'record') return '--record';
  if (first === 'sources') return `--source ${String(second)}: ${sourceKey(third)}`;
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
  Object.assign(settings, sources(values.get('--source') ?? []));
  const kept = values.get('--record')?.at(-1);
  if (kept !== undefined) settings.record = record(kept, settings.sources !== undefined);
  const models = (values.get('--model') ?? []).map(model);
  if (models.length > 0) settings.models = models;
  return { values: settings, usage: true, subject: (path) => subject(models, path) };
}
