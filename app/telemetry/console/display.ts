import type { RegionSnapshot, Snapshot } from '../../stats/snapshot.ts';
import type { Log } from '../log.ts';
import type { PictureBlock } from './region-picture.ts';

/** What there is to tell once everything runs. */
export interface Greeting {
  version: string;
  device: string;
  region: RegionSnapshot;
  /** How the region came to its size. */
  sizing: string;
  pools: readonly PictureBlock[];
  /** `record`: the file that keeps its frames. */
  sources: readonly { name: string; kind: string; fps: number; record: string | null }[];
  models: readonly { name: string; delegate: string; load_ms: number }[];
  /** null: no MQTT. */
  broker: string | null;
  topic: string;
}

/** Where the program speaks to whoever started it: a terminal, or a file or journal of JSON lines. */
export interface Display extends Log {
  greet(greeting: Greeting): void;
  status(snapshot: Snapshot): void;
  /** Nothing more follows. */
  close(): void;
}
