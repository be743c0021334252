import { readFileSync } from 'node:fs';
import type { Snapshot } from '../../app/stats/snapshot.ts';

export function readReport(file: string): Snapshot {
  return JSON.parse(readFileSync(file, 'utf8'));
}
