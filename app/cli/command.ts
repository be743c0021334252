import { loadConfig } from '../config/load.ts';
import { ask } from '../control/client.ts';
import type { Command } from '../control/command.ts';
import { COMMANDS } from '../control/commands.ts';
import { socketPath } from '../control/socket-path.ts';
import { parseArguments } from './arguments.ts';
import { commandText } from './command-text.ts';
import { UsageError } from './usage-error.ts';

/** `deadline_ms` is `--deadline-ms` on the command line. */
const optionOf = (key: string): string => `--${key.replaceAll('_', '-')}`;

/** As the schema wants it; what is no number stays text, which the schema then refuses by name. */
function typed(text: string, types: readonly string[]): unknown {
  if (text === 'null' && types.includes('null')) return null;
  const numeric = types.includes('number') || types.includes('integer');
  return numeric && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

function argumentsOf(command: Command, words: readonly string[], values: Map<string, string[]>) {
  const missing = command.words[words.length];
  const known = Object.keys(command.schema.properties);
  const given = new Map<string, string>();
  words.forEach((word, index) => {
    const key = command.words[index];
    if (key === undefined) {
      throw new UsageError(`"${word}" is one word too many for ${command.name}`);
    }
    given.set(key, word);
  });
  for (const key of known) {
    const value = values.get(optionOf(key))?.at(-1);
    if (value !== undefined) given.set(key, value);
  }
  const needed = missing !== undefined && command.schema.required?.includes(missing) === true;
  if (needed && !given.has(missing)) {
    throw new UsageError(`${command.name} needs ${command.words.join(' ').toUpperCase()}`);
  }
  return Object.fromEntries(
    [...given].map(([key, text]) => {
      const types = [command.schema.properties[key]?.type ?? []].flat();
      return [key, typed(text, types as string[])];
    }),
  );
}

/** Asks the program that runs, and shows what it answers. */
async function perform(command: Command, args: readonly string[]): Promise<number> {
  const keys = Object.keys(command.schema.properties);
  const valued = [...keys.map(optionOf), '--socket'];
  const parsed = parseArguments(args, { valued, plain: ['--json'], words: true });
  const request = argumentsOf(command, parsed.words, parsed.values);
  const named = parsed.values.get('--socket')?.at(-1);
  const { socket } = loadConfig({ file: null, environment: process.env, flags: null }).control;
  const path = named ?? socketPath(socket, process.env);
  const { ok, ...fields } = await ask(path, command.name, request);
  if (!ok) throw new Error(String((fields as { error?: unknown }).error));
  process.stdout.write(
    parsed.plain.has('--json')
      ? `${JSON.stringify(fields, null, 2)}\n`
      : commandText(command.name, fields),
  );
  return 0;
}

type Verb = (args: readonly string[]) => Promise<number>;

/** A verb for each command; `analyze` is one already that needs no running program. */
export const commandVerbs: Readonly<Record<string, Verb>> = Object.fromEntries(
  COMMANDS.filter(({ name }) => name !== 'analyze').map((command) => [
    command.name,
    (args: readonly string[]) => perform(command, args),
  ]),
);
