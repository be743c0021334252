import type { Log } from '../../app/telemetry/log.ts';

const ignore = () => undefined;

export const silent: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** A log whose lines a test can read, each after its level. */
export function recorded(): Log & { lines: string[] } {
  const lines: string[] = [];
  const add = (level: string) => (message: string) => {
    lines.push(`${level} ${message}`);
  };
  return { lines, debug: add('debug'), info: add('info'), warn: add('warn'), error: add('error') };
}
