import { join, resolve } from 'node:path';

/** Where first boot finds and puts things. */
export interface Places {
  /** The boot partition: FAT, read by any computer, without permissions. */
  boot: string;
  /** The data partition: outlives restarts and updates. */
  data: string;
  /** Of this start alone, in memory. */
  run: string;
  /** The settings that the system came with; those of the board stand above them. */
  shipped: string;
  /** The time zones that the system knows. */
  zones: string;
}

/** The board's places below a root, each of which may be another one. */
export function placesBelow(root: string, others: Partial<Places> = {}): Places {
  const at = (path: string): string => join(resolve(root), path);
  const places = {
    boot: at('boot/firmware'),
    data: at('data'),
    run: at('run/edgepool-first-boot'),
    shipped: at('usr/share/edgepool/edgepool.yaml'),
    zones: at('usr/share/zoneinfo'),
  };
  return { ...places, ...others };
}
