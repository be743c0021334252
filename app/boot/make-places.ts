import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { Model } from '../models/model.ts';
import { DiskStore } from '../parking/disk-store.ts';
import { MemoryPlace } from '../parking/memory-place.ts';
import { NeighbourStore } from '../parking/neighbour-store.ts';
import type { Finder } from '../parking/neighbours.ts';
import { OutsidePlace } from '../parking/outside-place.ts';
import type { Place, PlaceEvent } from '../parking/place.ts';
import { Places } from '../parking/places.ts';
import { bytesOf } from './mib.ts';

export interface PlacesOptions {
  parking: Config['parking'];
  /** Where the program keeps what it writes. */
  stateFolder: string;
  reload: (model: Model) => Promise<void>;
  tell: (event: PlaceEvent) => void;
  /** Knows the neighbours where the settings name none. */
  finder: Finder;
}

/** The places that the settings switch on. */
export function makePlaces({ parking, stateFolder, finder, ...told }: PlacesOptions): Places {
  const { memory_mb: memoryMb, disk_mb: diskMb, patience_ms: patienceMs } = parking;
  const boundBytes = memoryMb === null ? null : bytesOf(memoryMb);
  const places: Place[] = [new MemoryPlace({ boundBytes, patienceMs })];
  const outside = { patienceMs, ...told };
  if (diskMb > 0) {
    const store = new DiskStore(join(stateFolder, 'parked'));
    const bound = { boundBytes: bytesOf(diskMb), boundSetting: 'parking.disk_mb' };
    places.push(new OutsidePlace({ store, ...bound, ...outside }));
  }
  const {
    discover,
    mb,
    expiry_s: expirySeconds,
    timeout_ms: timeoutMs,
    ...access
  } = parking.neighbour;
  const url = discover ? finder : access.url;
  if (url !== null) {
    const store = new NeighbourStore({ ...access, url, expirySeconds, timeoutMs });
    const bound = { boundBytes: bytesOf(mb), boundSetting: 'parking.neighbour.mb' };
    places.push(new OutsidePlace({ store, ...bound, ...outside }));
  }
  return new Places(places);
}
