import { readFileSync, statSync } from 'node:fs';
import { isTree, type Tree } from '../config/layer.ts';
import type { Log } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

const LARGEST_FILE_BYTES = 64 * 1024;
const MOST_NOTICES = 32;

type Notice = Tree & { event: string };

const isNotice = (value: unknown): value is Notice =>
  isTree(value) && typeof value.event === 'string' && value.event !== '';

/** What is in the file; nothing where there is none. Throws one line about any other content. */
export function readNotices(file: string): Notice[] {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) return [];
  if (size > LARGEST_FILE_BYTES) throw new Error(`${file}: ${size} bytes are too many notices`);
  let notices: unknown;
  try {
    notices = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (Array.isArray(notices) && notices.every(isNotice)) return notices.slice(0, MOST_NOTICES);
  throw new Error(`${file}: must hold a JSON list of objects with an "event" each`);
}

/**
 * Tells what the system around the program wants told: it has no other voice. A file that cannot be
 * used is no reason not to start.
 */
export function tellNotices(file: string, telemetry: Pick<Telemetry, 'event'>, log: Log): void {
  try {
    for (const { event, ...fields } of readNotices(file)) {
      log.warn(`notice of the system: ${event}`, fields);
      telemetry.event(event, fields);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn(`notices_file cannot be told: ${reason}`);
  }
}
