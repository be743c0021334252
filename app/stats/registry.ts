import { emptyDistribution } from './distribution.ts';
import type { BoardSnapshot, DropReason, MqttSnapshot, Snapshot } from './snapshot.ts';

/** A part of the program that fills sections of the snapshot. */
export interface SnapshotPart {
  snapshot(): Partial<Snapshot>;
}

export const DROP_REASONS: readonly DropReason[] = [
  'superseded',
  'yielded',
  'parked',
  'no_slot',
  'source',
  'error',
  'removed',
  'stopping',
];

export function noDrops(): Record<DropReason, number> {
  return Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<
    DropReason,
    number
  >;
}

export function noMqtt(): MqttSnapshot {
  const counts = { published: 0, dropped: 0, waiting: 0 };
  return { connected: false, refused: null, protocol: null, ...counts };
}

/** Of a machine that tells nothing. */
export function noBoard(): BoardSnapshot {
  return {
    temperature_celsius: null,
    throttling: null,
    clock_hz: null,
    load_average: null,
    memory_pressure: { system: null, group: null },
    space: { state: null, root: null },
  };
}

/** Puts the one picture together; a section that no part fills holds zeros. */
export class Registry {
  readonly #parts = new Set<SnapshotPart>();

  add(part: SnapshotPart): void {
    this.#parts.add(part);
  }

  remove(part: SnapshotPart): void {
    this.#parts.delete(part);
  }

  snapshot(): Snapshot {
    const snapshot = emptySnapshot();
    for (const part of this.#parts) {
      Object.assign(snapshot, part.snapshot());
    }
    return snapshot;
  }
}

function emptySnapshot(): Snapshot {
  return {
    frames: { captured: 0, completed: 0, dropped: noDrops(), fps: 0, camera_fps: 0 },
    sources: [],
    deadline_hit_ratio: 0,
    frame_latency_ms: { p50: 0, p95: 0, p99: 0, p999: 0, max: 0 },
    region: { capacity_bytes: 0, mapped_bytes: 0, reserve_bytes: 0, page_bytes: 0, locked: false },
    models: [],
    parking: { places: [], models: [], lending: null },
    steady_state: { frames_covered: 0, minor_faults: 0, foreign_allocations: 0 },
    conversion_ms: { p50: 0, p99: 0 },
    bytes_copied: 0,
    accuracy: null,
    event_loop_delay_ms: { p99: 0, max: 0 },
    distributions: {
      frame_latency: emptyDistribution(),
      conversion: emptyDistribution(),
      invoke: [],
    },
    mqtt: noMqtt(),
    board: noBoard(),
  };
}
