import { noDrops, noMqtt } from '../../app/stats/registry.ts';
import type {
  BoardSnapshot,
  LendingSnapshot,
  ModelSnapshot,
  ParkingSnapshot,
  Snapshot,
} from '../../app/stats/snapshot.ts';

export function modelSnapshot(name: string, label: string | null, more = {}): ModelSnapshot {
  return {
    name,
    file: `${name}.tflite`,
    sha256: 'a'.repeat(64),
    load_ms: 12.5,
    invoke_ms: { p50: 4.42, p99: 6.1 },
    invokes: 300,
    latency_ms: { p50: 6.2, p99: 9.8 },
    conversion_ms: { p50: 0.4, p99: 0.9 },
    deadline_hit_ratio: 0.9967,
    dropped: { ...noDrops(), superseded: 1 },
    sources: ['camera'],
    schedule: { every: 1, fps: null, priority: 0, deadline_ms: null },
    steady_state: { frames_covered: 299, minor_faults: 0 },
    residence: 'resident',
    top: label === null ? null : { label, score: 0.9 },
    delegate: 'xnnpack',
    pool: {
      quota_bytes: 12 << 20,
      mapped_bytes: 11 << 20,
      live_bytes: 9 << 20,
      peak_bytes: 10 << 20,
      chunk_bytes: 16384,
      external_fragmentation: 0,
      internal_fragmentation: 0.01,
      utilisation: 0.9,
      runs: 1,
    },
    ...more,
  };
}

const fine = { now: false, since_start: false };
const relaxed = { some_ratio: 0.0125, full_ratio: 0, some_seconds: 2.5, full_seconds: 0.5 };

/** A machine that tells everything and is well. */
export function boardSnapshot(more: Partial<BoardSnapshot> = {}): BoardSnapshot {
  return {
    temperature_celsius: 48.312,
    throttling: {
      under_voltage: fine,
      frequency_capped: fine,
      throttled: fine,
      soft_temperature_limit: fine,
    },
    clock_hz: 1_500_000_000,
    load_average: 1.25,
    memory_pressure: { system: relaxed, group: relaxed },
    space: {
      state: { free_bytes: 3 << 28, size_bytes: 1 << 30 },
      root: { free_bytes: 1 << 28, size_bytes: 3 << 28 },
    },
    ...more,
  };
}

const noneYet = {
  server: null,
  ...{ kept_bytes: 0, parks: 0, restores: 0, failures: 0, lost: 0, dropped: 0 },
  ...{ written_bytes: 0, unchanged_bytes: 0, read_bytes: 0 },
};

/** Of a machine that lends most of what it may, to a server that has some of it in use. */
export function lendingSnapshot(): LendingSnapshot {
  return {
    ...{ bound_bytes: 64 << 20, lent_bytes: 48 << 20 },
    ...{ server_limit_bytes: 64 << 20, server_used_bytes: 12 << 20 },
    ...{ extents_lent: 30, extents_taken_back: 6, failures: 1 },
  };
}

/** Of models that are `resident`, and one each that waits on the disk and comes back from there. */
export function parkingSnapshot(resident: readonly string[] = []): ParkingSnapshot {
  const whole = { held_bytes: 11 << 20, window_bytes: 11 << 20, park_ms: 0 };
  const nothing = { live_bytes: 0, packed_bytes: 0 };
  const packed = { live_bytes: 7 << 20, packed_bytes: 6 << 20 };
  const away = { held_bytes: 0, ...packed, window_bytes: 8 << 20, park_ms: 41.5 };
  const disk = { place: 'disk', ...away } as const;
  return {
    places: [
      {
        ...{ place: 'memory', bound_bytes: null, held_bytes: 0, live_bytes: 0, models: 0 },
        ...noneYet,
        ...{ park_ms_per_mib: null, restore_ms_per_mib: null },
      },
      {
        ...{ place: 'disk', server: null, bound_bytes: 64 << 20 },
        ...{ held_bytes: 12 << 20, live_bytes: 14 << 20, models: 2, parks: 9 },
        ...{ restores: 6, failures: 2, lost: 1, dropped: 1, kept_bytes: 4 << 20 },
        ...{ written_bytes: 20 << 20, unchanged_bytes: 34 << 20, read_bytes: 42 << 20 },
        ...{ park_ms_per_mib: 8.25, restore_ms_per_mib: 1000 / 2 ** 10 },
      },
    ],
    models: [
      ...resident.map((model) => ({
        model,
        place: null,
        state: 'resident' as const,
        ...whole,
        ...nothing,
      })),
      { model: 'waits', state: 'away', ...disk },
      { model: 'comes', state: 'restoring', ...disk, held_bytes: 6 << 20 },
    ],
    lending: null,
  };
}

const counts = [0, 0, 0, 0, 0, 0, 10, 300, 300, 300, 300, 300, 300, 300, 300, 300];
const distribution = { counts, count: 300, sum_ms: 3700 };

/** A picture of a device that is well. */
export function snapshot(models: ModelSnapshot[], more: Partial<Snapshot> = {}): Snapshot {
  return {
    frames: {
      captured: 301,
      completed: 300,
      dropped: { ...noDrops(), superseded: 1 },
      fps: 29.97,
      camera_fps: 30,
    },
    sources: [],
    deadline_hit_ratio: 0.9967,
    frame_latency_ms: { p50: 12.34, p95: 15, p99: 18.2, p999: 20, max: 21 },
    region: {
      capacity_bytes: 64 << 20,
      mapped_bytes: 38 << 20,
      reserve_bytes: 26 << 20,
      page_bytes: 4096,
      locked: true,
    },
    models,
    parking: { ...parkingSnapshot(models.map(({ name }) => name)), lending: lendingSnapshot() },
    steady_state: { frames_covered: 300, minor_faults: 0, foreign_allocations: 0 },
    conversion_ms: { p50: 1, p99: 2 },
    bytes_copied: 0,
    accuracy: null,
    event_loop_delay_ms: { p99: 1, max: 2 },
    distributions: {
      frame_latency: distribution,
      conversion: distribution,
      invoke: models.map(({ name }) => ({ model: name, ...distribution })),
    },
    mqtt: { ...noMqtt(), connected: true, protocol: '5', published: 10 },
    board: boardSnapshot(),
    ...more,
  };
}
