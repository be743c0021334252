import type { LogLevel } from '../../config/config.ts';
import type { Display } from './display.ts';
import { JsonDisplay } from './json-display.ts';
import { TerminalDisplay } from './terminal-display.ts';
import { wantsColour } from './text.ts';

/** For people where standard output is a terminal, for machines where it is not. */
export function createDisplay(level: LogLevel): Display {
  if (!process.stdout.isTTY) return new JsonDisplay(level);
  return new TerminalDisplay({
    level,
    colour: wantsColour(process.env),
    output: process.stdout,
    errors: process.stderr,
  });
}
