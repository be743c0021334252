import { variableOf } from './environment-layer.ts';
import { listSettings, root, type SchemaNode, type Setting } from './settings.ts';

export function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function range(node: SchemaNode): string {
  if (node.minimum !== undefined && node.maximum !== undefined) {
    return `${node.minimum} to ${node.maximum}`;
  }
  if (node.minimum !== undefined) return `at least ${node.minimum}`;
  return node.exclusiveMinimum === undefined ? '' : `more than ${node.exclusiveMinimum}`;
}

/** The values that a setting or an argument may have, in words. */
export function values(node: SchemaNode): string {
  if (node.const !== undefined) return code(node.const);
  if (node.enum !== undefined) return node.enum.map(code).join(', ');
  const types = [node.type].flat();
  const kinds = types.map((type) => {
    if (type === 'string') return node.path === true ? 'path' : 'text';
    if (type === 'object') return 'sources by name';
    if (type === 'array' && node.items?.type === 'string') return 'list of names';
    if (type === 'array') return node.items?.properties ? 'list of models' : 'list of numbers';
    return type === 'null'
      ? '`null`'
      : [type === 'integer' ? 'whole number' : type, range(node)].join(' ').trim();
  });
  return kinds.join(' or ');
}

function defaultOf(node: SchemaNode): string {
  if (node.computed !== undefined) return node.computed;
  return node.default === undefined ? 'none: must be given' : code(node.default);
}

/** A bar ends a cell, in code too. */
const cell = (text: string): string => text.replaceAll('|', '\\|');

function table(settings: readonly Setting[]): string[] {
  const rows = settings.map(({ path, node }) =>
    [
      '',
      ...[code(path.join('.')), defaultOf(node), values(node), node.description ?? ''].map(cell),
      '',
    ]
      .join(' | ')
      .trim(),
  );
  return ['| Setting | Default | Values | Meaning |', '|---|---|---|---|', ...rows];
}

function variables(): string[] {
  const rows = listSettings().flatMap((setting) => {
    const variable = variableOf(setting);
    return variable === null ? [] : [`| ${code(variable)} | ${code(setting.path.join('.'))} |`];
  });
  return ['| Variable | Setting |', '|---|---|', ...rows];
}

const INTRODUCTION = `# Configuration

This page is made from the schema (\`app/config/schema.ts\`) by \`scripts/write-docs.ts\`.

A setting is taken from the command line, else from the environment, else from the file that
\`--config FILE\` or \`EDGEPOOL_CONFIG\` names, else it has its default. The file is YAML or JSON; a
relative path in it starts from the file's own folder. A key that is no setting is refused, with its
line and the nearest one that is.

\`\`\`yaml
version: 1
region:
  lock: required
source:
  kind: still
  path: pictures
  each_seconds: 2
models:
  - file: mobilenet_v2.tflite
    labels: imagenet_labels.txt
  - file: person.tflite
    every: 3
    deadline_ms: 50
mqtt:
  broker: mqtt://192.168.1.10:1883
\`\`\``;

/** The text of `docs/configuration.md`. */
export function configurationPage(): string {
  const sections = Object.entries(root.properties ?? {}).filter(([, node]) => node.properties);
  const plain = listSettings().filter((setting) => setting.path.length === 1);
  const blocks = [[INTRODUCTION], ['## General', '', ...table(plain)]];
  for (const [key, node] of sections) {
    blocks.push([`## ${key}`, '', node.description ?? '', '', ...table(listSettings(node, [key]))]);
  }
  const models = root.properties?.models;
  if (models?.items !== undefined) {
    blocks.push(['## Each of models', '', ...table(listSettings(models.items))]);
  }
  blocks.push([
    '## Environment',
    '',
    'Every setting but the lists of models and sources has a variable. A variable that begins with `EDGEPOOL_`',
    'and names no setting is refused.',
    '',
    '| Variable | Setting |',
    '|---|---|',
    '| `EDGEPOOL_CONFIG` | the configuration file |',
    ...variables().slice(2),
  ]);
  return `${blocks.map((block) => block.join('\n')).join('\n\n')}\n`;
}
