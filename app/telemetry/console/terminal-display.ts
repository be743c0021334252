import type { WriteStream } from 'node:tty';
import type { LogLevel } from '../../config/config.ts';
import type { Snapshot } from '../../stats/snapshot.ts';
import type { Fields } from '../log.ts';
import type { Display, Greeting } from './display.ts';
import { regionPicture } from './region-picture.ts';
import { statusText } from './status-text.ts';
import { mebibytes, plain } from './text.ts';

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const ERASE_LINE = `\r${String.fromCharCode(27)}[2K`;
const USUAL_COLUMNS = 80;

type Stream = Pick<WriteStream, 'write' | 'columns'>;

export interface TerminalOptions {
  level: LogLevel;
  colour: boolean;
  output: Stream;
  /** For warnings and errors. */
  errors: Pick<Stream, 'write'>;
}

/** Plain lines for people, and under them one line that is written anew each second. */
export class TerminalDisplay implements Display {
  readonly #options: TerminalOptions;
  #showsMqtt = true;
  #hasStatus = false;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  debug(message: string, fields: Fields = {}): void {
    const figures = Object.entries(fields).map(
      ([key, value]) => ` ${key}=${JSON.stringify(value)}`,
    );
    this.#say('debug', message + figures.join(''));
  }

  info(message: string): void {
    this.#say('info', message);
  }

  warn(message: string): void {
    this.#say('warn', message);
  }

  error(message: string): void {
    this.#say('error', message);
  }

  greet(greeting: Greeting): void {
    const { region, broker } = greeting;
    this.#showsMqtt = broker !== null;
    const columns = Math.min(USUAL_COLUMNS, this.#options.output.columns ?? USUAL_COLUMNS);
    const lines = [
      `edgepool ${greeting.version} on ${greeting.device}`,
      `region ${mebibytes(region.capacity_bytes)} MiB, ` +
        `${region.locked ? 'locked in memory' : 'not locked'}, ${greeting.sizing}`,
      ...regionPicture(greeting.pools, region.capacity_bytes, {
        columns,
        colour: this.#options.colour,
      }),
      ...greeting.models.map(
        ({ name, delegate, load_ms }) => `${name}: ready in ${load_ms.toFixed(1)} ms, ${delegate}`,
      ),
      ...greeting.sources.map(
        ({ name, kind, fps, record }, _, { length }) =>
          `frames${length > 1 ? ` of ${name}` : ''}: ${kind} at ${fps} fps` +
          (record === null ? '' : `, recorded in ${record}`),
      ),
      broker === null ? 'mqtt: none' : `mqtt: ${broker}, topics ${greeting.topic}/#`,
      'Ctrl-C stops.',
    ];
    for (const line of lines) this.#say('info', line);
  }

  status(snapshot: Snapshot): void {
    const { output } = this.#options;
    // The last column stays free: some terminals wrap as soon as it is written.
    const columns = (output.columns ?? USUAL_COLUMNS) - 1;
    output.write(ERASE_LINE + statusText(snapshot, columns, this.#showsMqtt));
    this.#hasStatus = true;
  }

  close(): void {
    if (this.#hasStatus) this.#options.output.write('\n');
    this.#hasStatus = false;
  }

  #say(level: LogLevel, message: string): void {
    const { output, errors } = this.#options;
    if (LEVELS.indexOf(level) < LEVELS.indexOf(this.#options.level)) return;
    if (this.#hasStatus) output.write(ERASE_LINE);
    this.#hasStatus = false;
    const colours = (line: string) => (line.includes(String.fromCharCode(27)) ? line : plain(line));
    (level === 'warn' || level === 'error' ? errors : output).write(`${colours(message)}\n`);
  }
}
