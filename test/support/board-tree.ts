import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a Raspberry Pi 4 tells in files while the firmware finds nothing wrong. */
export const RASPBERRY_PI: Readonly<Record<string, string>> = {
  'sys/class/thermal/thermal_zone0/type': 'cpu-thermal\n',
  'sys/class/thermal/thermal_zone0/temp': '48312\n',
  'sys/class/hwmon/hwmon0/name': 'cpu_thermal\n',
  'sys/class/hwmon/hwmon1/name': 'rpi_volt\n',
  'sys/devices/platform/soc/soc:firmware/get_throttled': '0\n',
  'sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq': '1500000\n',
  'proc/loadavg': '1.25 0.90 0.60 2/180 812\n',
  'proc/pressure/memory':
    'some avg10=12.50 avg60=3.00 avg300=1.00 total=2500000\n' +
    'full avg10=4.00 avg60=1.00 avg300=0.50 total=500000\n',
  'proc/self/cgroup': '0::/system.slice/edgepool.service\n',
  'sys/fs/cgroup/system.slice/edgepool.service/memory.pressure':
    'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n' +
    'full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
};

/** Writes files below a folder; null takes one away. */
export function writeTree(root: string, files: Readonly<Record<string, string | null>>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    if (text === null) rmSync(file, { force: true });
    else writeFileSync(file, text);
  }
}
