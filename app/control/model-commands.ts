import { basename } from 'node:path';
import type { ModelConfig } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { nodeAt, type SchemaNode } from '../config/settings.ts';
import { findNamed } from '../pipeline/unknown-name.ts';
import type { Fields } from './answer.ts';
import { RUNNING, RUNNING_ALONE } from './arguments.ts';
import { define } from './command.ts';
import type { Ground, RunningModel } from './ground.ts';

const FILE = {
  type: 'string',
  minLength: 1,
  maxLength: 200,
  description: 'The name of a file in the models folder, with or without .tflite.',
} as const;

const LABELS = {
  type: 'string',
  minLength: 1,
  maxLength: 200,
  description:
    'The name of a file of labels in the models folder. Left out: the text file of the same name ' +
    'as the model, where there is one.',
} as const;

const AS = {
  type: 'string',
  pattern: '^[^/+#\\s\\u0000]{1,63}$',
  expects: 'be 1 to 63 characters, without spaces, /, + and #',
  description: 'The name under which it runs.',
} as const;

const every = {
  type: 'integer',
  minimum: 1,
  maximum: 100000,
  description: 'The model runs on every n-th frame.',
} as const;
const fps = {
  type: ['number', 'null'],
  exclusiveMinimum: 0,
  description: 'It runs so many times a second instead. null: by `every`.',
} as const;
const priority = {
  type: 'integer',
  minimum: -100,
  maximum: 100,
  description: 'A model with a higher one goes first.',
} as const;
const deadline_ms = {
  type: ['number', 'null'],
  exclusiveMinimum: 0,
  description: 'From capture to answer. null: the time until its next turn.',
} as const;
const threads = {
  type: 'integer',
  minimum: 1,
  maximum: 64,
  description: 'Threads the runtime may use for it.',
} as const;
const TURNS = { every, fps, priority, deadline_ms } as const;

/** Complete and checked as in a configuration file. */
function configOf(settings: Fields): ModelConfig {
  const flags = {
    values: { models: [settings] },
    usage: false,
    subject: ([, , setting]: readonly (string | number)[]) => String(setting ?? 'the model'),
  };
  const [model] = loadConfig({ file: null, environment: {}, flags }).models;
  if (model === undefined) throw new Error('no model is named');
  return model;
}

async function labelsOf(ground: Ground, model: string, given?: string): Promise<string | null> {
  const { folder } = ground;
  return given === undefined ? folder.labelsBeside(model) : folder.labels(given);
}

function loaded({ model, planned }: RunningModel): Fields {
  return { model: model.name, file: basename(planned.config.file), load_ms: model.loadMs };
}

export const load = define({
  name: 'load',
  summary: 'Checks a model of the models folder, loads it and gives it frames.',
  kind: 'change',
  words: ['file'],
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['file'],
    properties: { file: FILE, as: AS, labels: LABELS, threads, ...TURNS },
  },
  async run({ file, as: name, labels, ...settings }, ground) {
    const config = configOf({
      file: await ground.folder.model(file),
      ...(name === undefined ? {} : { name }),
      labels: await labelsOf(ground, file, labels),
      ...settings,
    });
    return loaded(await ground.models.load(config));
  },
});

export const unload = define({
  name: 'unload',
  summary: 'Takes a model out of the stream and gives its pool back.',
  kind: 'change',
  words: ['model'],
  schema: RUNNING_ALONE,
  async run({ model }, { models }) {
    await models.unload(model);
    return { model };
  },
});

function runningModel({ models }: Ground, name: string): RunningModel {
  return findNamed('model', name, models.all, ({ model }) => model.name);
}

/** The turns of a model as they are now, which may have been changed since it was loaded. */
function turnsOf({ read }: Ground, name: string): Fields {
  return { ...read().models.find((model) => model.name === name)?.schedule };
}

/** What is laid into the model and read from it belongs to the file; turns and threads stay. */
const STAYING = ['threads', 'sources', 'cpus', 'realtime', 'delegate'] as const;
const OF_THE_FILE = Object.keys((nodeAt(['models', 0]) as SchemaNode).properties ?? {});

async function successor(
  ground: Ground,
  former: ModelConfig,
  wanted: { file: string; labels?: string | undefined; name: string },
): Promise<ModelConfig> {
  const path = await ground.folder.model(wanted.file);
  const same = basename(path) === basename(former.file);
  const kept = (same ? OF_THE_FILE : STAYING) as readonly (keyof ModelConfig)[];
  const labels =
    same && wanted.labels === undefined
      ? former.labels
      : await labelsOf(ground, wanted.file, wanted.labels);
  return configOf({
    ...Object.fromEntries(kept.map((key) => [key, former[key]])),
    ...turnsOf(ground, former.name),
    file: path,
    name: wanted.name,
    labels,
  });
}

export const switchModel = define({
  name: 'switch',
  summary: "Puts another model in a running one's place, which runs until the new one was checked.",
  kind: 'change',
  words: ['model', 'file'],
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['model', 'file'],
    properties: {
      model: RUNNING,
      file: FILE,
      as: { ...AS, description: 'The name under which the new one runs; left out: the same.' },
      labels: LABELS,
    },
  },
  async run({ model, file, as: name = model, labels }, ground) {
    const former = runningModel(ground, model).planned.config;
    const turns = turnsOf(ground, model);
    const config = await successor(ground, former, { file, labels, name });
    try {
      return { ...loaded(await ground.models.replace(model, config)), replaced: model };
    } catch (error) {
      restoreTurns(ground, model, turns);
      throw error;
    }
  },
});

/** The former model may have come back with the turns that it was planned with. */
function restoreTurns(ground: Ground, name: string, turns: Fields): void {
  if (!ground.models.all.some(({ model }) => model.name === name)) return;
  const { deadline_ms: deadlineMs, ...rest } = turns;
  ground.pipeline.adjust(name, { ...rest, deadlineMs: deadlineMs as number | null });
}

export const set = define({
  name: 'set',
  summary: "Changes a model's turns: how often, how urgent, by when.",
  kind: 'change',
  words: ['model'],
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['model'],
    minProperties: 2,
    properties: { model: RUNNING, ...TURNS },
  },
  async run({ model, deadline_ms: deadlineMs, ...turns }, ground) {
    if (turns.every !== undefined && typeof turns.fps === 'number') {
      throw new Error('set: every and fps are both given; give one of them');
    }
    ground.pipeline.adjust(model, {
      ...turns,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    });
    return { model, schedule: turnsOf(ground, model) };
  },
});

export const analyze = define({
  name: 'analyze',
  summary: 'Records a load of a model of the models folder beside the program; answers its plan.',
  kind: 'work',
  words: ['file'],
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['file'],
    properties: { file: FILE, threads },
  },
  async run({ file, threads: count = 1 }, { folder, analyse }, signal) {
    return { file, ...(await analyse(await folder.model(file), count, signal)) };
  },
});
