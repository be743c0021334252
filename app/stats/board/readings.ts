import type { PressureSnapshot, ThrottlingSnapshot } from '../snapshot.ts';
import type { BoardFiles } from './board-files.ts';

const ZONES = 'sys/class/thermal';
const PROCESSOR_ZONE = /cpu|soc|x86_pkg/i;

/** The hottest zone of the processor, else the hottest of all, in degrees Celsius. */
export async function temperature(files: BoardFiles): Promise<number | null> {
  const names = await files.names(ZONES, /^thermal_zone\d+$/);
  const zones = await Promise.all(
    names.map(async (name) => ({
      type: (await files.text(`${ZONES}/${name}/type`)) ?? '',
      millidegrees: await files.integer(`${ZONES}/${name}/temp`),
    })),
  );
  const told = zones.flatMap(({ type, millidegrees }) =>
    millidegrees === null ? [] : [{ type, millidegrees }],
  );
  const processor = told.filter(({ type }) => PROCESSOR_ZONE.test(type));
  const chosen = processor.length > 0 ? processor : told;
  if (chosen.length === 0) return null;
  return Math.max(...chosen.map(({ millidegrees }) => millidegrees)) / 1000;
}

const POLICIES = 'sys/devices/system/cpu/cpufreq';

/** Of the fastest processor, as the kernel has set it; what the firmware takes away is not in it. */
export async function clock(files: BoardFiles): Promise<number | null> {
  const names = await files.names(POLICIES, /^policy\d+$/);
  const kilohertz = await Promise.all(
    names.map((name) => files.integer(`${POLICIES}/${name}/scaling_cur_freq`)),
  );
  const told = kilohertz.filter((value) => value !== null);
  return told.length === 0 ? null : Math.max(...told) * 1000;
}

/** Runnable threads and those that wait for a disk, averaged over a minute (proc_loadavg(5)). */
export async function load(files: BoardFiles): Promise<number | null> {
  const minute = Number.parseFloat((await files.text('proc/loadavg')) ?? '');
  return Number.isFinite(minute) ? minute : null;
}

/** Bits of the Raspberry Pi firmware's `get_throttled`: n says now, n + 16 says that it has been.
 *  See https://www.raspberrypi.com/documentation/computers/os.html#get_throttled. */
const CONDITIONS = {
  under_voltage: 0,
  frequency_capped: 1,
  throttled: 2,
  soft_temperature_limit: 3,
} as const;
const HAS_BEEN = 16;

const FIRMWARE = 'sys/devices/platform/soc/soc:firmware/get_throttled';
const SENSORS = 'sys/class/hwmon';
const FIRMWARE_SENSOR = 'rpi_volt';

/**
 * The firmware's word. The kernel's file holds what its driver `raspberrypi-hwmon` has asked for
 * last, so where that does not run there is none: the file would say 0 for ever.
 */
export async function throttledWord(files: BoardFiles): Promise<number | null> {
  const sensors = await files.names(SENSORS, /^hwmon\d+$/);
  const drivers = await Promise.all(sensors.map((name) => files.text(`${SENSORS}/${name}/name`)));
  if (!drivers.includes(FIRMWARE_SENSOR)) return null;
  const text = await files.text(FIRMWARE);
  return text !== null && /^[0-9a-f]{1,8}$/.test(text) ? Number.parseInt(text, 16) : null;
}

/** `now` is a word, `ever` every word so far, one or-ed to the other. */
export function throttling(now: number, ever: number): ThrottlingSnapshot {
  const isSet = (word: number, bit: number) => ((word >>> bit) & 1) === 1;
  const entries = Object.entries(CONDITIONS).map(([condition, bit]) => [
    condition,
    { now: isSet(now, bit), since_start: isSet(ever, bit) || isSet(ever, bit + HAS_BEEN) },
  ]);
  return Object.fromEntries(entries) as ThrottlingSnapshot;
}

/** One line of a file of pressure: `some avg10=0.12 avg60=0.10 avg300=0.05 total=34567`, percent and
 *  microseconds. See https://docs.kernel.org/accounting/psi.html. */
function line(text: string, kind: string): { ratio: number; seconds: number } | null {
  const found = new RegExp(`^${kind} avg10=([\\d.]+) .*total=(\\d+)$`, 'm').exec(text);
  if (found === null) return null;
  return { ratio: Number(found[1]) / 100, seconds: Number(found[2]) / 1e6 };
}

async function pressureAt(files: BoardFiles, path: string): Promise<PressureSnapshot | null> {
  const text = (await files.text(path)) ?? '';
  const [some, full] = [line(text, 'some'), line(text, 'full')];
  if (some === null || full === null) return null;
  return {
    some_ratio: some.ratio,
    full_ratio: full.ratio,
    some_seconds: some.seconds,
    full_seconds: full.seconds,
  };
}

export function systemPressure(files: BoardFiles): Promise<PressureSnapshot | null> {
  return pressureAt(files, 'proc/pressure/memory');
}

/** Of the unified control group that this process is in (cgroups(7)). */
export async function groupPressure(files: BoardFiles): Promise<PressureSnapshot | null> {
  const groups = (await files.text('proc/self/cgroup')) ?? '';
  const group = /^0::(\/.*)$/m.exec(groups)?.[1];
  // A group outside of what can be seen is given with steps upwards.
  if (group === undefined || group.includes('..')) return null;
  return pressureAt(files, `sys/fs/cgroup${group}/memory.pressure`);
}
