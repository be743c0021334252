import { ConfigError } from '../config/config-error.ts';
import { UsageError } from './usage-error.ts';

/** A failure, with where it was thrown if the user wants to know that. */
export class Debugged extends Error {
  override readonly name = 'Debugged';
  override readonly cause: unknown;
  readonly showsStack: boolean;

  constructor(cause: unknown, showsStack: boolean) {
    super();
    this.cause = cause;
    this.showsStack = showsStack;
  }
}

function oneLine(error: unknown): string {
  const message = error instanceof Error && error.message !== '' ? error.message : String(error);
  return message.replace(/\s*\n\s*/g, '; ');
}

/** Says what failed in one line on standard error. Returns the exit status. */
export function report(thrown: unknown): number {
  const error = thrown instanceof Debugged ? thrown.cause : thrown;
  const usage = error instanceof UsageError || (error instanceof ConfigError && error.usage);
  const hint = usage ? ' (edgepool help lists what there is)' : '';
  process.stderr.write(`edgepool: ${oneLine(error)}${hint}\n`);
  if (thrown instanceof Debugged && thrown.showsStack && error instanceof Error) {
    process.stderr.write(`${error.stack}\n`);
  }
  return usage ? 2 : 1;
}
