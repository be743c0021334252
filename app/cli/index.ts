/** The command line: hands over to the verb. */
import { nearest } from '../config/nearest.ts';
import { analyze } from './analyze.ts';
import { bench } from './bench.ts';
import { commandVerbs } from './command.ts';
import { report } from './failure.ts';
import { firstBoot } from './first-boot.ts';
import { help } from './help.ts';
import { run } from './run.ts';
import { UsageError } from './usage-error.ts';
import { verify } from './verify.ts';
import { version } from './version.ts';

type Verb = (args: readonly string[]) => Promise<number>;

const VERBS: Readonly<Record<string, Verb>> = {
  run,
  ...commandVerbs,
  verify,
  analyze,
  bench,
  'first-boot': firstBoot,
  help,
  version,
};
const FLAGS: Readonly<Record<string, Verb>> = { '--help': help, '-h': help, '--version': version };

function dispatch([word, ...args]: readonly string[]): Promise<number> {
  if (word === undefined)
    throw new UsageError(`a verb is needed: ${Object.keys(VERBS).join(', ')}`);
  const verb = FLAGS[word] ?? (Object.hasOwn(VERBS, word) ? VERBS[word] : undefined);
  if (verb === undefined) {
    throw new UsageError(
      `"${word}" is not a verb; the nearest is ${nearest(word, Object.keys(VERBS))}`,
    );
  }
  return args.includes('--help') || args.includes('-h') ? help() : verb(args);
}

// Whoever reads standard output may leave (a pipe into `head`): no reason to fail.
process.stdout.on('error', () => undefined);

async function commandLine(args: readonly string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    return report(error);
  }
}

// Ends also where a library has left something open.
process.exit(await commandLine(process.argv.slice(2)));
