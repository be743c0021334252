import { code, values } from '../config/documentation.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';

const INTRODUCTION = `# Commands

This page is made from the commands' schemas (\`app/control/\`) by \`scripts/write-docs.ts\`.

A running edgepool takes commands over a Unix socket that only its own user may open. On the command
line each command is a verb; an argument in **bold** stands without its name, the others are options
(\`deadline_ms\` is \`--deadline-ms\`). \`--json\` gives the whole answer, \`--socket PATH\` asks a
program whose \`control.socket\` is not the usual one.

\`\`\`sh
edgepool models
edgepool load person.tflite --every 3 --priority 1
edgepool switch classifier mobilenet_v3_small
edgepool set person --fps 5 --deadline-ms 80
edgepool resolution 1920 1080
edgepool snapshot
edgepool status --json
\`\`\`

The socket is \`$XDG_RUNTIME_DIR/edgepool/control.sock\`, for root and the service
\`/run/edgepool/control.sock\`. A program sends it one JSON object a line, of at most 64 KiB, and gets
one line for each, in order:

\`\`\`text
{"command": "set", "args": {"model": "person", "fps": 5}}
{"model":"person","schedule":{"every":1,"fps":5,"priority":0,"deadline_ms":null},"ok":true}
{"command": "unload", "args": {"model": "persom"}}
{"ok":false,"error":"no model has the name persom; there are: classifier, person"}
\`\`\`

Changes are made one after the other, in the order in which they came. A command that is refused has
changed nothing. A model is checked and loaded once in a process of its own before it may take
another's place; until then the other runs on, and where the new one cannot be loaded it comes back.
Models that a command does not name miss no frame. Files are named by their name in the models folder
(\`control.models_folder\`; by default the folder of the first model), never by a path; [the page](dashboard.md#uploading-a-model) can put one there.

The same commands come [by MQTT](mqtt.md#commands); their arguments as JSON Schemas stand in
[mqtt/set.schema.json](mqtt/set.schema.json).`;

function section({ name, summary, words, schema }: Command): string {
  const head = `## ${name}\n\n${summary}`;
  const rows = Object.entries(schema.properties).map(([key, node]) => {
    const title = words.includes(key) ? `**${code(key)}**` : code(key);
    const needed = schema.required?.includes(key) === true ? 'yes' : 'no';
    return `| ${title} | ${needed} | ${values(node)} | ${node.description ?? ''} |`;
  });
  if (rows.length === 0) return head;
  return `${head}\n\n| Argument | Needed | Values | Meaning |\n|---|---|---|---|\n${rows.join('\n')}`;
}

/** The text of `docs/commands.md`. */
export function commandsPage(): string {
  return `${[INTRODUCTION, ...COMMANDS.map(section)].join('\n\n')}\n`;
}

const ID = {
  type: ['string', 'number'],
  maxLength: 128,
  description: 'Comes back with the answer.',
} as const;

/** The text of `docs/mqtt/set.schema.json`: what each command takes, by its name. */
export function requestSchemas(): string {
  const definitions = Object.fromEntries(
    COMMANDS.map(({ name, summary, schema }) => [
      name,
      { description: summary, ...schema, properties: { id: ID, ...schema.properties } },
    ]),
  );
  const head = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'set.schema.json',
    title: 'set/<command>: its arguments, under the name of the command',
  };
  const text = JSON.stringify(
    { ...head, definitions },
    (key, value) =>
      // A word of our own, for messages.
      key === 'expects' ? undefined : value,
    2,
  );
  return `${text}\n`;
}
