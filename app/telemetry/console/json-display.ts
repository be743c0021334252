import { destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { RecordingSnapshot, Snapshot } from '../../stats/snapshot.ts';
import type { Fields } from '../log.ts';
import type { Display, Greeting } from './display.ts';

/** Shown only where a source is recorded. */
function recordingsOf({ sources }: Snapshot): { recordings?: RecordingSnapshot[] } {
  const recordings = sources.flatMap(({ recording }) => recording ?? []);
  return recordings.length > 0 ? { recordings } : {};
}

/** One JSON object a line on standard output. */
export class JsonDisplay implements Display {
  readonly #logger: Logger;

  constructor(level: string, file: number | string = 1) {
    this.#logger = pino(
      {
        level,
        base: null,
        timestamp: stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      destination({ dest: file, sync: true }).on('error', () => {
        // Nobody reads any more (the pipe's reader has gone): the stream goes on without a word.
      }),
    );
  }

  debug(message: string, fields: Fields = {}): void {
    this.#logger.debug(fields, message);
  }

  info(message: string, fields: Fields = {}): void {
    this.#logger.info(fields, message);
  }

  warn(message: string, fields: Fields = {}): void {
    this.#logger.warn(fields, message);
  }

  error(message: string, fields: Fields = {}): void {
    this.#logger.error(fields, message);
  }

  greet(greeting: Greeting): void {
    this.info('ready', { ...greeting });
  }

  status(snapshot: Snapshot): void {
    const { frames, deadline_hit_ratio, frame_latency_ms, conversion_ms } = snapshot;
    const { region, models, mqtt } = snapshot;
    this.info('status', {
      fps: frames.fps,
      completed: frames.completed,
      dropped: frames.dropped,
      deadline_hit_ratio,
      frame_latency_ms,
      conversion_ms,
      ...recordingsOf(snapshot),
      region: { mapped_bytes: region.mapped_bytes, capacity_bytes: region.capacity_bytes },
      models: models.map(({ name, top, latency_ms, invoke_ms }) => ({
        ...{ name, top, latency_ms, invoke_ms },
      })),
      mqtt,
    });
  }

  close(): void {
    this.#logger.flush();
  }
}
