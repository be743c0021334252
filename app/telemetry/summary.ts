import type { BoardSnapshot, ModelSnapshot, Snapshot } from '../stats/snapshot.ts';

/** One model, as a house looks at it. */
export interface ModelSummary {
  name: string;
  file: string | null;
  label: string | null;
  score: number | null;
  latency_ms: number;
  pool_used_ratio: number;
  every: number;
  fps: number | null;
  priority: number;
}

/** The machine, as a house looks at it; null where it does not tell. */
export interface BoardSummary {
  temperature_celsius: number | null;
  clock_hz: number | null;
  under_voltage: boolean | null;
  /** Slowed down, or kept from its highest clock. */
  throttled: boolean | null;
  memory_pressure_ratio: number | null;
  state_free_bytes: number | null;
  root_free_bytes: number | null;
}

/** The few figures that a house follows for years; `docs/mqtt/summary.schema.json` defines them. */
export interface Summary {
  fps: number;
  latency_ms: { p50: number; p99: number };
  deadline_hit_ratio: number;
  frames_dropped: number;
  region_used_ratio: number;
  fragmentation_ratio: number;
  board: BoardSummary;
  models: Record<string, ModelSummary>;
}

/**
 * Names as keys that stand in templates and topics of others: letters, digits, _ and -. Names that
 * would become the same get a number.
 */
export function keysOf(names: readonly string[]): Map<string, string> {
  const keys = new Map<string, string>();
  const taken = new Set<string>();
  for (const name of names) {
    const plain = name.replace(/[^a-zA-Z0-9_-]/g, '_');
    let key = plain;
    for (let count = 2; taken.has(key); count++) key = `${plain}_${count}`;
    taken.add(key);
    keys.set(name, key);
  }
  return keys;
}

/** Five significant digits: figures that have not changed look unchanged. */
function rounded(value: number): number {
  return Number(value.toPrecision(5));
}

function share(part: number, whole: number): number {
  return whole > 0 ? rounded(Math.min(1, part / whole)) : 0;
}

function summaryOf({ name, file, top, latency_ms, pool, schedule }: ModelSnapshot): ModelSummary {
  const { every, fps, priority } = schedule;
  return {
    name,
    file,
    label: top?.label ?? null,
    score: top === null ? null : rounded(top.score),
    latency_ms: rounded(latency_ms.p50),
    pool_used_ratio: share(pool.live_bytes, pool.quota_bytes),
    every,
    fps,
    priority,
  };
}

/** What a house can set, as one text: another one when something was set. */
export function settingsOf({ models }: Pick<Snapshot, 'models'>): string {
  return JSON.stringify(models.map(({ name, file, schedule }) => [name, file, schedule]));
}

export function boardSummary(board: BoardSnapshot): BoardSummary {
  const { temperature_celsius, throttling, clock_hz, memory_pressure, space } = board;
  const { frequency_capped, throttled, soft_temperature_limit } = throttling ?? {};
  const slow = [frequency_capped, throttled, soft_temperature_limit];
  return {
    temperature_celsius: temperature_celsius === null ? null : rounded(temperature_celsius),
    clock_hz,
    under_voltage: throttling?.under_voltage.now ?? null,
    throttled: throttling === null ? null : slow.some((condition) => condition?.now),
    memory_pressure_ratio: memory_pressure.system?.some_ratio ?? null,
    state_free_bytes: space.state?.free_bytes ?? null,
    root_free_bytes: space.root?.free_bytes ?? null,
  };
}

/** Makes summaries one after the other: rates are those since the one before. */
export class Summaries {
  #last: { completed: number; at_ms: number } | null = null;

  next(snapshot: Snapshot, now_ms: number): Summary {
    const { frames, frame_latency_ms, region, models } = snapshot;
    const keys = keysOf(models.map(({ name }) => name));
    const dropped = Object.values(frames.dropped).reduce((sum, count) => sum + count, 0);
    return {
      fps: this.#rate(snapshot, now_ms),
      latency_ms: { p50: rounded(frame_latency_ms.p50), p99: rounded(frame_latency_ms.p99) },
      deadline_hit_ratio: rounded(snapshot.deadline_hit_ratio),
      frames_dropped: dropped,
      region_used_ratio: share(region.mapped_bytes, region.capacity_bytes),
      fragmentation_ratio: rounded(
        models.reduce((most, { pool }) => Math.max(most, pool.external_fragmentation), 0),
      ),
      board: boardSummary(snapshot.board),
      models: Object.fromEntries(
        models.map((model) => [keys.get(model.name) ?? model.name, summaryOf(model)]),
      ),
    };
  }

  #rate({ frames }: Snapshot, now_ms: number): number {
    const last = this.#last;
    this.#last = { completed: frames.completed, at_ms: now_ms };
    if (last === null || now_ms <= last.at_ms) return rounded(frames.fps);
    return rounded(((frames.completed - last.completed) * 1000) / (now_ms - last.at_ms));
  }
}
