import { Ajv, type ErrorObject } from 'ajv';
import type { Config } from './config.ts';
import { ConfigError } from './config-error.ts';
import { has, type Layer, type Tree } from './layer.ts';
import { editDistance } from './nearest.ts';
import { schema } from './schema.ts';
import { formatPath, listSettings, nodeAt, type Path } from './settings.ts';

/** `embedded`, `none` or the URL of a broker that the MQTT client can open. */
function isBroker(text: string): boolean {
  if (text === 'embedded' || text === 'none') return true;
  const protocols = ['mqtt:', 'mqtts:', 'ws:', 'wss:'];
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && url.hostname !== '' && protocols.includes(url.protocol);
}

const ajv = new Ajv({ useDefaults: true, allErrors: true, allowUnionTypes: true, verbose: true });
for (const keyword of ['computed', 'expects', 'path', 'secret']) ajv.addKeyword(keyword);
ajv.addKeyword({
  keyword: 'lengths',
  type: 'array',
  validate: (lengths: readonly number[], data: readonly unknown[]) => lengths.includes(data.length),
});
ajv.addFormat('broker', isBroker);
const check = ajv.compile<Config>(schema);

function pathOf(error: ErrorObject): (string | number)[] {
  const steps = error.instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  const params: Record<string, unknown> = error.params;
  const last = params.additionalProperty ?? params.missingProperty;
  return typeof last === 'string' ? [...steps, last] : steps;
}

/** The valid setting nearest to an unknown one; at equal distance one of the same section. */
function nearestSetting(path: Path): string {
  const wrong = String(path.at(-1)).toLowerCase();
  const section = path.slice(0, -1);
  const here = Object.keys(nodeAt(section)?.properties ?? {}).map((key) => [...section, key]);
  const everywhere = listSettings().map((setting) => setting.path);
  const candidates = [...here, ...everywhere].map((candidate, index) => ({
    text: formatPath(candidate),
    distance:
      editDistance(wrong, String(candidate.at(-1)).toLowerCase()) + (index < here.length ? 0 : 1),
  }));
  return candidates.reduce((best, next) => (next.distance < best.distance ? next : best)).text;
}

function oneOf(values: readonly unknown[]): string {
  return `be ${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

function typeWords(type: string | readonly string[]): string {
  const words: Record<string, string> = {
    string: 'text',
    number: 'a number',
    integer: 'a whole number',
    array: 'a list',
    object: 'a section with settings of its own',
    null: 'null',
  };
  const types = typeof type === 'string' ? [type] : type;
  return `be ${types.map((name) => words[name] ?? name).join(' or ')}`;
}

/** What the value must do, to stand after "must". */
function demand(error: ErrorObject, path: Path): string {
  const params: Record<string, unknown> = error.params;
  const limit = params.limit;
  switch (error.keyword) {
    case 'type':
      return typeWords(nodeAt(path)?.type ?? 'string');
    case 'enum':
      return oneOf((nodeAt(path)?.enum ?? []).map(String));
    case 'const':
      return `be ${String(params.allowedValue)}`;
    case 'minimum':
      return `be at least ${limit}`;
    case 'exclusiveMinimum':
      return `be more than ${limit}`;
    case 'maximum':
      return `be at most ${limit}`;
    case 'pattern':
    case 'format':
      return nodeAt(path)?.expects ?? error.message ?? 'be valid';
    case 'minLength':
      return 'not be empty';
    case 'lengths':
      return `have ${(nodeAt(path)?.lengths ?? []).join(' or ')} values`;
    case 'not':
      return 'be another number';
    case 'maxItems':
      return `have at most ${limit} entries`;
    default:
      return (error.message ?? 'be valid').replace(/^must /, '');
  }
}

function describe(error: ErrorObject, layer: Layer): string {
  const path = pathOf(error);
  const subject = layer.subject(path);
  if (error.keyword === 'additionalProperties') {
    return `${subject} is not a setting; the nearest is ${nearestSetting(path)}`;
  }
  if (error.keyword === 'required') return `${subject} is missing`;
  return `${subject} is ${shown(error.data, path)}; it must ${demand(error, path)}`;
}

/** The value as a message may show it: without passwords. */
function shown(value: unknown, path: Path): string {
  if (nodeAt(path)?.secret === true) return 'not usable';
  return JSON.stringify(value).replace(/\/\/[^/@]*@/g, '//***@');
}

/** The layer that wrote what is at the path, the highest first; of what is missing, its section. */
function writerOf(layers: readonly Layer[], path: Path): Layer | undefined {
  for (let length = path.length; length >= 0; length--) {
    const layer = layers.findLast((candidate) => has(candidate, path.slice(0, length)));
    if (layer !== undefined) return layer;
  }
  return undefined;
}

/** Fills in the defaults. Throws a ConfigError about the first thing that is wrong. */
export function validate(values: Tree, layers: readonly Layer[]): Config {
  if (check(values)) return values;
  // An unknown key explains more than a missing one beside it.
  const errors = [...(check.errors ?? [])].sort(
    (a, b) =>
      Number(b.keyword === 'additionalProperties') - Number(a.keyword === 'additionalProperties'),
  );
  const first = errors[0];
  const layer = first && writerOf(layers, pathOf(first));
  if (first === undefined || layer === undefined) {
    throw new Error(`the schema's own defaults are not valid: ${ajv.errorsText(errors)}`);
  }
  throw new ConfigError(describe(first, layer), layer.usage);
}
