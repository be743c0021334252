import type { Snapshot } from '../../stats/snapshot.ts';
import type { Topics } from '../mqtt/topics.ts';
import { keysOf } from '../summary.ts';
import { boardEntities } from './board.ts';

/** One entity, in Home Assistant's own words. */
export type Component = Readonly<Record<string, string | number | readonly string[]>> & {
  readonly platform: string;
};

export interface ComponentOptions {
  topics: Topics;
  /** After so long without a summary a figure is not shown any more. */
  expire_after: number;
  /** Files that a model can be switched to. */
  files: readonly string[];
}

type Described = Omit<Component, 'platform'> & { name: string };

/** A text as it stands in a template: what is written in JSON is a text of Jinja too. */
function literal(text: string): string {
  return JSON.stringify(text);
}

function percent(path: string): string {
  return `{{ (value_json.${path} * 100) | round(2) }}`;
}

const MEASUREMENT = { state_class: 'measurement' } as const;
const PERCENT = { unit_of_measurement: '%', suggested_display_precision: 1, ...MEASUREMENT };
const MILLISECONDS = { unit_of_measurement: 'ms', suggested_display_precision: 1, ...MEASUREMENT };
const DIAGNOSTIC = { entity_category: 'diagnostic' } as const;
const CONFIG = { entity_category: 'config' } as const;

const DEVICE_SENSORS: Readonly<Record<string, Described>> = {
  fps: {
    name: 'Frame rate',
    value_template: '{{ value_json.fps }}',
    unit_of_measurement: 'fps',
    suggested_display_precision: 1,
    ...MEASUREMENT,
  },
  latency: {
    name: 'Latency',
    value_template: '{{ value_json.latency_ms.p50 }}',
    ...MILLISECONDS,
  },
  deadline_hits: {
    name: 'Answers in time',
    value_template: percent('deadline_hit_ratio'),
    ...PERCENT,
  },
  frames_dropped: {
    name: 'Frames dropped',
    value_template: '{{ value_json.frames_dropped }}',
    state_class: 'total_increasing',
    ...DIAGNOSTIC,
  },
  region_used: {
    name: 'Memory used',
    value_template: percent('region_used_ratio'),
    ...PERCENT,
    ...DIAGNOSTIC,
  },
  fragmentation: {
    name: 'Fragmentation',
    value_template: percent('fragmentation_ratio'),
    ...PERCENT,
    ...DIAGNOSTIC,
  },
};

function modelSensors(name: string, at: string): Record<string, Described> {
  return {
    result: {
      name: `${name} sees`,
      value_template: `{{ (value_json.${at}.label or 'nothing')[:255] }}`,
    },
    latency: {
      name: `${name} latency`,
      value_template: `{{ value_json.${at}.latency_ms }}`,
      ...MILLISECONDS,
    },
    pool_used: {
      name: `${name} memory used`,
      value_template: percent(`${at}.pool_used_ratio`),
      ...PERCENT,
      ...DIAGNOSTIC,
    },
  };
}

/** A setting of a model's turns: the command `set` with one argument. */
function turn(model: string, at: string, setting: string, name: string, limits: object): Described {
  const argument = `{'model': ${literal(model)}, '${setting}': value | int}`;
  return {
    name: `${model} ${name}`,
    value_template: `{{ value_json.${at}.${setting} }}`,
    command_template: `{{ ${argument} | tojson }}`,
    mode: 'box',
    ...limits,
    ...CONFIG,
  };
}

/** Another file in a model's place: the command `switch`. The one that runs is always among them. */
function choice(
  model: Snapshot['models'][number],
  at: string,
  files: readonly string[],
): Described {
  const own = model.file === null || files.includes(model.file) ? [] : [model.file];
  return {
    name: `${model.name} file`,
    options: [...own, ...files],
    value_template: `{{ value_json.${at}.file }}`,
    command_template: `{{ {'model': ${literal(model.name)}, 'file': value} | tojson }}`,
    ...CONFIG,
  };
}

/** Everything of the device that Home Assistant shows, by keys that stay the same. */
export function componentsOf(
  { models, sources, board }: Pick<Snapshot, 'models' | 'sources' | 'board'>,
  { topics, expire_after, files }: ComponentOptions,
): Map<string, Component> {
  const components = new Map<string, Component>();
  const reads = { state_topic: topics.summary, expire_after };
  const sensor = (key: string, described: Described) => {
    components.set(key, { platform: 'sensor', ...reads, ...described });
  };
  const number = (key: string, described: Described) => {
    const acts = { state_topic: topics.summary, command_topic: topics.set('set') };
    components.set(key, { platform: 'number', ...acts, ...described });
  };
  const select = (key: string, described: Described) => {
    const acts = { state_topic: topics.summary, command_topic: topics.set('switch') };
    components.set(key, { platform: 'select', ...acts, ...described });
  };
  for (const [key, described] of Object.entries(DEVICE_SENSORS)) sensor(key, described);
  for (const [key, { platform, fields }] of boardEntities(board)) {
    components.set(key, { platform, ...reads, ...fields });
  }
  const keys = keysOf(models.map((model) => model.name));
  for (const model of files.length > 0 ? models : []) {
    const key = keys.get(model.name) ?? model.name;
    select(`model_${key}_file`, choice(model, `models['${key}']`, files));
  }
  for (const [name, key] of keys) {
    const at = `models['${key}']`;
    for (const [part, described] of Object.entries(modelSensors(name, at))) {
      sensor(`model_${key}_${part}`, described);
    }
    const every = turn(name, at, 'every', 'every n-th frame', { min: 1, max: 1000 });
    number(`model_${key}_every`, every);
    const priority = turn(name, at, 'priority', 'priority', { min: -100, max: 100 });
    number(`model_${key}_priority`, priority);
  }
  for (const [name, key] of keysOf(sources.map((source) => source.name))) {
    components.set(`source_${key}_restart`, {
      platform: 'button',
      name: `Restart ${name}`,
      command_topic: topics.set('restart-source'),
      payload_press: JSON.stringify({ source: name }),
      device_class: 'restart',
      ...CONFIG,
    });
  }
  return components;
}
