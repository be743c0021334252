import type { Snapshot } from '../../stats/snapshot.ts';

export interface Sample {
  labels?: Record<string, string>;
  value: number;
}

/** One metric of Prometheus' kinds gauge and counter: its name, and where it stands in the picture. */
export interface Figure {
  name: string;
  help: string;
  samples(snapshot: Snapshot): Sample[];
}

type Pool = Snapshot['models'][number]['pool'];

const SECONDS = 1 / 1000;

function one(name: string, help: string, value: (snapshot: Snapshot) => number | null): Figure {
  const samples = (snapshot: Snapshot) => {
    const found = value(snapshot);
    return found === null ? [] : [{ value: found }];
  };
  return { name, help, samples };
}

function eachPool(name: string, help: string, value: (pool: Pool) => number): Figure {
  const samples = ({ models }: Snapshot) =>
    models.map(({ name: pool, pool: figures }) => ({ labels: { pool }, value: value(figures) }));
  return { name: `edgepool_pool_${name}`, help, samples };
}

/** What can fall as well as rise. */
export const GAUGES: readonly Figure[] = [
  one(
    'edgepool_completed_frames_per_second',
    'Frames a second on which every model that was due has answered.',
    ({ frames }) => frames.fps,
  ),
  one(
    'edgepool_camera_frames_per_second',
    'Frames a second that the source gave.',
    ({ frames }) => frames.camera_fps,
  ),
  one(
    'edgepool_deadline_hit_ratio',
    'Answers in time over answers due.',
    (snapshot) => snapshot.deadline_hit_ratio,
  ),
  one(
    'edgepool_accuracy_ratio',
    'Share of right answers, where the source knows the truth.',
    ({ accuracy }) => accuracy,
  ),
  one(
    'edgepool_region_capacity_bytes',
    'The block of memory that holds every pool.',
    ({ region }) => region.capacity_bytes,
  ),
  one(
    'edgepool_region_mapped_bytes',
    'What the pools have of the region.',
    ({ region }) => region.mapped_bytes,
  ),
  one(
    'edgepool_region_reserve_bytes',
    'What no pool has of the region.',
    ({ region }) => region.reserve_bytes,
  ),
  one(
    'edgepool_region_page_bytes',
    'The size of the pages of the region.',
    ({ region }) => region.page_bytes,
  ),
  one('edgepool_region_locked', '1 where the region is locked in memory.', ({ region }) =>
    Number(region.locked),
  ),
  eachPool('quota_bytes', 'What the pool may map at most.', (pool) => pool.quota_bytes),
  eachPool('mapped_bytes', 'What the pool has mapped.', (pool) => pool.mapped_bytes),
  eachPool('live_bytes', 'Bytes of live blocks in the pool.', (pool) => pool.live_bytes),
  eachPool('peak_bytes', 'The most that was live in the pool.', (pool) => pool.peak_bytes),
  eachPool('chunk_bytes', 'The unit in which the pool takes memory.', (pool) => pool.chunk_bytes),
  eachPool('runs', 'Runs of chunks that serve the pool.', (pool) => pool.runs),
  eachPool(
    'external_fragmentation_ratio',
    'Free bytes that the largest allocation could not have, over mapped bytes.',
    (pool) => pool.external_fragmentation,
  ),
  eachPool(
    'internal_fragmentation_ratio',
    'Bytes taken but not requested, over bytes taken.',
    (pool) => pool.internal_fragmentation,
  ),
  eachPool('utilisation_ratio', 'Peak live bytes over mapped bytes.', (pool) => pool.utilisation),
  {
    name: 'edgepool_model_load_seconds',
    help: 'From the call to ready, first invoke included.',
    samples: ({ models }) =>
      models.map(({ name: model, load_ms }) => ({ labels: { model }, value: load_ms * SECONDS })),
  },
  {
    name: 'edgepool_model_info',
    help: 'Always 1; which file the model is and what runs it.',
    samples: ({ models }) =>
      models.map(({ name: model, sha256, delegate }) => ({
        labels: { model, sha256, delegate },
        value: 1,
      })),
  },
  one(
    'edgepool_event_loop_delay_p99_seconds',
    'How late the event loop was, 99th percentile.',
    (snapshot) => snapshot.event_loop_delay_ms.p99 * SECONDS,
  ),
  one(
    'edgepool_event_loop_delay_max_seconds',
    'How late the event loop was at most.',
    (snapshot) => snapshot.event_loop_delay_ms.max * SECONDS,
  ),
  one('edgepool_mqtt_connected', '1 while the broker has accepted the connection.', ({ mqtt }) =>
    Number(mqtt.connected),
  ),
];

/** What only rises, from 0 at the start of the program. */
export const COUNTERS: readonly Figure[] = [
  one(
    'edgepool_frames_captured_total',
    'Frames that were captured.',
    ({ frames }) => frames.captured,
  ),
  one(
    'edgepool_frames_completed_total',
    'Frames on which every model that was due has answered.',
    ({ frames }) => frames.completed,
  ),
  {
    name: 'edgepool_frames_dropped_total',
    help: "Frames, or one model's turns on them, without an answer, by reason.",
    samples: ({ frames }) =>
      Object.entries(frames.dropped).map(([reason, value]) => ({ labels: { reason }, value })),
  },
  one(
    'edgepool_copied_bytes_total',
    'Frame bytes copied between capture and conversion.',
    (snapshot) => snapshot.bytes_copied,
  ),
  {
    name: 'edgepool_previews_total',
    help: "Small pictures made of a source's frames for who looks at the page.",
    samples: ({ sources }) =>
      sources.map(({ name: source, previews }) => ({ labels: { source }, value: previews })),
  },
  one(
    'edgepool_steady_state_frames_total',
    'Frames since every model has warmed up.',
    (snapshot) => snapshot.steady_state.frames_covered,
  ),
  one(
    'edgepool_steady_state_minor_faults_total',
    'Page faults of the threads that work on frames, since every model has warmed up.',
    (snapshot) => snapshot.steady_state.minor_faults,
  ),
  one(
    'edgepool_steady_state_foreign_allocations_total',
    'Allocations of the runtime outside every pool, since every model has warmed up.',
    (snapshot) => snapshot.steady_state.foreign_allocations,
  ),
  one(
    'edgepool_mqtt_published_total',
    'Messages that were delivered to the broker.',
    ({ mqtt }) => mqtt.published,
  ),
  one('edgepool_mqtt_dropped_total', 'Messages that were given up.', ({ mqtt }) => mqtt.dropped),
];
