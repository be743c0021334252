import { join } from 'node:path';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import { defaultJob } from '../../scripts/models/catalogue.ts';
import { Edgepool } from './edgepool.ts';
import { MemoryWatch } from './memory-watch.ts';
import { readReport } from './report.ts';
import { ROOT } from './root.ts';
import type { scratchFolder } from './scratch.ts';

type Scratch = ReturnType<typeof scratchFolder>;

const MIB = 2 ** 20;
const model = (file: string) => join(ROOT, 'build/models', file);
const RESIDENT = [
  ...defaultJob()
    .slice(0, 1)
    .map((job) => ({ ...job, file: model(job.file), labels: model(job.labels ?? '') })),
  { file: model('tiny.tflite') },
  { file: model('tiny_int8.tflite') },
];
export const GUESTS = ['a', 'b', 'c', 'd', 'e', 'f'];

/** Six models of which the region has room for three, each due every half second. */
function settings(keep: 'resident' | 'warm') {
  const file = model('mobilenet_v3_small_int8.tflite');
  const guests = GUESTS.map((name) => ({ name, file, fps: 2, keep }));
  return { version: 1, models: [...RESIDENT, ...guests], mqtt: { broker: 'none' } };
}

export interface CrowdedRegion {
  capacity_mb: number;
  /** What all of them together would have. */
  wanted_bytes: number;
}

/** A region for the three that stay, the frames and three of the six, as a run with room for all of
 *  them shows. */
export async function crowdedRegion(scratch: Scratch): Promise<CrowdedRegion> {
  const { report } = await start(scratch, 'roomy', {
    ...settings('resident'),
    duration_seconds: 2,
  });
  const { mapped_bytes: wanted_bytes } = report.region;
  const guest = report.models.find(({ name }) => name === GUESTS[0])?.pool.quota_bytes ?? 0;
  const others = GUESTS.reduce((sum, name) => {
    const pool = report.models.find((each) => each.name === name)?.pool;
    return sum + (pool?.mapped_bytes ?? 0);
  }, 0);
  // A load needs a little more than what stays, and so does the fourth that is on its way.
  const capacity_mb = Math.ceil((wanted_bytes - others + 3.5 * guest) / MIB);
  return { capacity_mb, wanted_bytes };
}

/** Runs them beside three that stay and have every frame. */
export async function crowd(
  scratch: Scratch,
  { region, seconds }: { region: CrowdedRegion; seconds: number },
): Promise<{ report: Snapshot; err: string; growthMib: number }> {
  const { capacity_mb } = region;
  return start(scratch, 'crowded', {
    ...settings('warm'),
    ...{ region: { capacity_mb }, parking: { disk_mb: 500 }, duration_seconds: seconds },
  });
}

async function start(scratch: Scratch, name: string, config: object) {
  const report = join(scratch.path, `${name}.json`);
  const file = scratch.write(`${name}.config.json`, JSON.stringify({ ...config, report }));
  const environment = { STATE_DIRECTORY: join(scratch.path, 'state') };
  const program = new Edgepool(['run', '--config', file], { environment });
  const memory = new MemoryWatch(program.child.pid ?? 0);
  const { status, err } = await program.end();
  memory.stop();
  if (status !== 0) throw new Error(`${name}: ended with ${status}: ${err}`);
  return { report: readReport(report), err, growthMib: memory.growthMib() };
}
