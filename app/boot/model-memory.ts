import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, ModelConfig } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Snapshot } from '../stats/snapshot.ts';
import type { Log } from '../telemetry/log.ts';
import { writeWhole } from '../telemetry/report.ts';
import type { Candidate } from './choose-models.ts';
import { defaultJob } from './default-job.ts';
import type { ModelSet } from './model-set.ts';
import type { Part } from './part.ts';
import { configuredModels } from './plan.ts';

export interface ModelMemoryOptions {
  config: Config;
  environment: NodeJS.ProcessEnv;
  /** Comes when the program shall stop before it has started. */
  signal: AbortSignal;
  log: Log;
}

/** What shows that the models run well. */
export interface Proof {
  models: Pick<ModelSet, 'all'>;
  pipeline: Pick<Pipeline, 'standstill'>;
  read: () => Snapshot;
}

/** The state file. */
interface Kept {
  version: 1;
  /** Starts in a row with these configured models that were cut off before they had run well. */
  tried: { set: string; starts: number } | null;
  good: { set: string; models: ModelConfig[] } | null;
}

const FILE = 'models.json';
const NOTHING: Kept = { version: 1, tried: null, good: null };
const STANDSTILL_MS = 10_000;
const AGAIN_MS = 1000;

/** One name for models as they are set and for their files as they lie there. */
function setOf(models: readonly ModelConfig[]): string {
  const files = models.map(({ file }) => {
    const found = statSync(file, { throwIfNoEntry: false });
    return found === undefined ? null : [found.size, found.mtimeMs];
  });
  return createHash('sha256')
    .update(JSON.stringify([models, files]))
    .digest('hex');
}

function readKept(file: string): Kept {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Kept;
    return kept.version === 1 ? { ...NOTHING, ...kept } : NOTHING;
  } catch {
    // Not there yet, or not whole: nothing is known.
    return NOTHING;
  }
}

/** Models that were written by another version of the program may be no settings any more. */
function readable(models: readonly ModelConfig[]): ModelConfig[] | null {
  const flags = { values: { models: [...models] }, usage: false, subject: String };
  try {
    return loadConfig({ file: null, environment: {}, flags }).models;
  } catch {
    return null;
  }
}

/**
 * Remembers, over a crash and a power cut, which models last ran well, and how often in a row the
 * configured ones were cut off before they had. As the first part it counts the start; `proof`,
 * behind the models, takes the count back where the program stops in an orderly way, and forgets it
 * once they have run well. Without a folder it remembers nothing.
 */
export class ModelMemory implements Part {
  readonly #options: ModelMemoryOptions;
  readonly #file: string | null;
  readonly #configured: Candidate;
  readonly #kept: Kept;
  #proof: Proof | null = null;
  #timer: NodeJS.Timeout | null = null;
  #counted = false;

  constructor(options: ModelMemoryOptions) {
    const { config, environment } = options;
    const folder =
      config.recovery.state_folder ?? environment.STATE_DIRECTORY?.split(':')[0] ?? null;
    this.#options = options;
    this.#file = folder === null ? null : join(folder, FILE);
    this.#configured = configuredModels(config);
    this.#kept = this.#file === null ? NOTHING : readKept(this.#file);
  }

  /** The starts that were cut off before this one. */
  get cutOff(): number {
    const { tried } = this.#kept;
    return tried?.set === setOf(this.#configured.models) ? tried.starts : 0;
  }

  /** What this start tries, in order. */
  candidates(): [Candidate, ...Candidate[]] {
    const { refused_models, starts } = this.#options.config.recovery;
    const configured = this.#configured;
    const all = [configured, ...this.#others()];
    const skipped = Math.min(Math.floor(this.cutOff / starts), all.length - 1);
    const [first = configured, ...others] = all.slice(skipped);
    return refused_models === 'leave_out' ? [first, ...others] : [first];
  }

  watch(proof: Proof): void {
    this.#proof = proof;
  }

  async start(): Promise<void> {
    if (this.#counted) return;
    this.#counted = true;
    this.#count(this.cutOff + 1);
  }

  /** A start that was called off says nothing about the models. */
  async stop(): Promise<void> {
    if (this.#counted && this.#options.signal.aborted) this.#count(this.cutOff);
    this.#counted = false;
  }

  readonly proof: Part = {
    start: async () => {
      this.#timer ??= setTimeout(
        () => this.#prove(),
        this.#options.config.recovery.good_after_seconds * 1000,
      );
    },
    stop: async () => {
      if (this.#timer === null) return;
      clearTimeout(this.#timer);
      this.#timer = null;
      if (this.#counted) this.#count(this.cutOff);
      this.#counted = false;
    },
  };

  #prove(): void {
    const { models, pipeline, read } = this.#proof ?? {};
    const running = models?.all.map(({ planned }) => planned.config) ?? [];
    const answered = read?.().models.every(({ invokes }) => invokes > 0) ?? false;
    const hangs = pipeline?.standstill(STANDSTILL_MS) ?? null;
    if (running.length === 0 || !answered || hangs !== null) {
      this.#timer = setTimeout(() => this.#prove(), AGAIN_MS);
      return;
    }
    this.#counted = false;
    this.#write({ version: 1, tried: null, good: { set: setOf(running), models: running } });
  }

  /** What may run in place of the configured models. */
  #others(): Candidate[] {
    const others: Candidate[] = [];
    const known = new Set([setOf(this.#configured.models)]);
    const add = (origin: Candidate['origin'], models: readonly ModelConfig[]) => {
      const set = setOf(models);
      if (!known.has(set)) others.push({ origin, models });
      known.add(set);
    };
    const { good } = this.#kept;
    const models = good === null ? null : readable(good.models);
    if (good !== null && models !== null && setOf(models) === good.set) add('last_good', models);
    try {
      add('default', defaultJob());
    } catch (error) {
      this.#options.log.debug(`no default job to fall back to: ${(error as Error).message}`);
    }
    return others;
  }

  #count(starts: number): void {
    const set = setOf(this.#configured.models);
    this.#write({ ...this.#kept, tried: starts === 0 ? null : { set, starts } });
  }

  /** A full or broken disk is no reason not to run. */
  #write(kept: Kept): void {
    if (this.#file === null) return;
    try {
      writeWhole(this.#file, `${JSON.stringify(kept)}\n`);
    } catch (error) {
      const { message } = error as Error;
      this.#options.log.warn(`which models run well is not remembered: ${message}`);
    }
  }
}
