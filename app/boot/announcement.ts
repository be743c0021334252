import type { Config } from '../config/config.ts';
import type { Region } from '../memory/region.ts';
import type { Runtime } from '../models/runtime.ts';
import type { Display } from '../telemetry/console/display.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { ModelMemory } from './model-memory.ts';
import type { ModelSet } from './model-set.ts';
import { tellNotices } from './notices.ts';
import type { Part } from './part.ts';
import type { Plan } from './plan.ts';
import type { PooledCamera } from './pooled-camera.ts';

export interface Announced {
  config: Config;
  version: string;
  refusedSettings: string | null;
  plan: Plan;
  memory: Pick<ModelMemory, 'cutOff'>;
  region: Region;
  runtime: Runtime;
  frames: readonly PooledCamera[];
  models: ModelSet;
  telemetry: Telemetry;
  display: Display;
}

/** Says once what runs, when everything runs. */
export class Announcement implements Part {
  readonly #parts: Announced;
  #said = false;

  constructor(parts: Announced) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    if (this.#said) return;
    this.#said = true;
    const { config, version, plan, region, models, telemetry, display } = this.#parts;
    const snapshot = region.snapshot();
    if (config.region.lock === 'preferred' && !snapshot.locked) {
      display.warn(
        'the region is not locked in memory, the limit for that is too small: ' +
          'raise it (ulimit -l), or set region.lock to off to go without this notice',
      );
    }
    if (!config.runtime.pools) {
      display.warn('models are loaded outside of their pools: runtime.pools is false');
    }
    display.greet({
      version,
      device: config.device,
      region: snapshot,
      sizing: plan.sizing,
      pools: this.#pools(),
      sources: plan.cameras.map(({ name, source, fps, record }) => ({
        ...{ name, kind: source.description, fps, record: record?.file ?? null },
      })),
      models: models.all.map(({ model: { name, delegate, loadMs } }) => ({
        name,
        delegate,
        load_ms: loadMs,
      })),
      broker: telemetry.url,
      topic: telemetry.topic,
    });
    telemetry.event('started', { version, models: models.all.map(({ model }) => model.name) });
    if (config.notices_file !== null) tellNotices(config.notices_file, telemetry, display);
    this.#tellOfSettings();
    this.#tellOfModels();
  }

  /** The bus hears of it while it can still be said. */
  async stop(): Promise<void> {
    if (this.#said) this.#parts.telemetry.event('stopping');
    this.#said = false;
  }

  #tellOfSettings(): void {
    const { refusedSettings: message, telemetry, display } = this.#parts;
    if (message === null) return;
    display.warn(`settings are left out: ${message}`);
    telemetry.event('settings_refused', { message });
  }

  /** Of models that were to run and do not. */
  #tellOfModels(): void {
    const { plan, memory, models, telemetry, display } = this.#parts;
    const { origin, refused } = plan;
    for (const { model, message } of [...refused, ...models.refused]) {
      display.warn(`model ${model} is left out: ${message}`);
      telemetry.event('model_refused', { model, message });
    }
    if (origin === 'configured') return;
    const names = models.all.map(({ model }) => model.name);
    const starts = memory.cutOff;
    const why = refused.length > 0 ? 'none of them can be used' : `${starts} starts were cut off`;
    const which = origin === 'default' ? 'the default job' : 'the models that last ran well';
    display.warn(`${which} runs in place of the configured models (${why}): ${names.join(', ')}`);
    telemetry.event('models_fallback', { origin, starts, models: names });
  }

  #pools(): { name: string; bytes: number }[] {
    const { runtime, frames, models } = this.#parts;
    return [
      { name: 'runtime', bytes: runtime.poolStats().mapped_bytes },
      ...frames.map(({ pool }) => ({ name: pool.name, bytes: pool.stats().mapped_bytes })),
      ...models.all.map(({ pool }) => ({ name: pool.name, bytes: pool.stats().mapped_bytes })),
    ];
  }
}
