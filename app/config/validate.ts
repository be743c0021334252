import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Config } from './config.ts';
import { ConfigError } from './config-error.ts';
import { has, type Layer, type Tree } from './layer.ts';
import { editDistance } from './nearest.ts';
import { formatPath, listSettings, nodeAt, type Path, root, type SchemaNode } from './settings.ts';

/** `embedded`, `none` or the URL of a broker that the MQTT client can open. */
function isBroker(text: string): boolean {
  if (text === 'embedded' || text === 'none') return true;
  const protocols = ['mqtt:', 'mqtts:', 'ws:', 'wss:'];
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && url.hostname !== '' && protocols.includes(url.protocol);
}

/** A schema, ready to judge. */
export interface Rules {
  root: SchemaNode;
  check: ValidateFunction;
}

/** Rules that fill in the schema's defaults, or leave what is judged as it is. */
export function rulesOf(schema: SchemaNode, fillsIn: boolean): Rules {
  const ajv = new Ajv({
    useDefaults: fillsIn,
    allErrors: true,
    allowUnionTypes: true,
    verbose: true,
  });
  for (const keyword of ['computed', 'expects', 'path', 'secret']) ajv.addKeyword(keyword);
  ajv.addKeyword({
    keyword: 'lengths',
    type: 'array',
    validate: (lengths: readonly number[], data: readonly unknown[]) =>
      lengths.includes(data.length),
  });
  ajv.addFormat('broker', isBroker);
  return { root: schema, check: ajv.compile(schema) };
}

const SETTINGS = rulesOf(root, true);

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
function nearestSetting(path: Path, from: SchemaNode): string {
  const wrong = String(path.at(-1)).toLowerCase();
  const section = path.slice(0, -1);
  const here = Object.keys(nodeAt(section, from)?.properties ?? {}).map((key) => [...section, key]);
  const everywhere = listSettings(from).map((setting) => setting.path);
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
function demand(error: ErrorObject, node: SchemaNode | undefined): string {
  const params: Record<string, unknown> = error.params;
  const limit = params.limit;
  switch (error.keyword) {
    case 'type':
      return typeWords(node?.type ?? 'string');
    case 'enum':
      return oneOf((node?.enum ?? []).map(String));
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
      return node?.expects ?? error.message ?? 'be valid';
    case 'minLength':
      return 'not be empty';
    case 'lengths':
      return `have ${(node?.lengths ?? []).join(' or ')} values`;
    case 'not':
      return 'be another number';
    case 'maxItems':
      return `have at most ${limit} entries`;
    case 'maxLength':
      return `have at most ${limit} characters`;
    default:
      return (error.message ?? 'be valid').replace(/^must /, '');
  }
}

function describe(error: ErrorObject, layer: Layer, from: SchemaNode): string {
  const path = pathOf(error);
  const subject = layer.subject(path);
  if (error.keyword === 'additionalProperties') {
    return `${subject} is not a setting; the nearest is ${nearestSetting(path, from)}`;
  }
  if (error.keyword === 'required') return `${subject} is missing`;
  const node = nodeAt(path, from);
  return `${subject} is ${shown(error.data, node)}; it must ${demand(error, node)}`;
}

/** The value as a message may show it: without passwords. */
function shown(value: unknown, node: SchemaNode | undefined): string {
  if (node?.secret === true) return 'not usable';
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

/** Everything that is wrong, a fault a setting; with rules that fill in, the values get defaults. */
export function faultsOf(
  values: Tree,
  layers: readonly Layer[],
  rules: Rules = SETTINGS,
): ConfigError[] {
  if (rules.check(values)) return [];
  // An unknown key explains more than a missing one beside it.
  const errors = [...(rules.check.errors ?? [])].sort(
    (a, b) =>
      Number(b.keyword === 'additionalProperties') - Number(a.keyword === 'additionalProperties'),
  );
  const told = new Set<string>();
  return errors.flatMap((error) => {
    const path = pathOf(error);
    const layer = writerOf(layers, path);
    if (layer === undefined) {
      throw new Error(`the schema's own defaults are not valid: ${error.message}`);
    }
    if (told.has(formatPath(path))) return [];
    told.add(formatPath(path));
    return [new ConfigError(describe(error, layer, rules.root), layer.usage)];
  });
}

/** Fills in the defaults. Throws a ConfigError about the first thing that is wrong. */
export function validate(values: Tree, layers: readonly Layer[]): Config {
  const [first] = faultsOf(values, layers);
  if (first !== undefined) throw first;
  return values as unknown as Config;
}
