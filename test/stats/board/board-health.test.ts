/** What a machine tells, read from real trees of files. */
import assert from 'node:assert/strict';
import { mkdtempSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BoardHealth } from '../../../app/stats/board/board-health.ts';
import { noBoard } from '../../../app/stats/registry.ts';
import type { BoardSnapshot } from '../../../app/stats/snapshot.ts';
import { RASPBERRY_PI, writeTree } from '../../support/board-tree.ts';
import { scratchFolder } from '../../support/scratch.ts';

const scratch = scratchFolder();
const THROTTLED = 'sys/devices/platform/soc/soc:firmware/get_throttled';
const zone = (index: number, type: string, temp: string) => ({
  [`sys/class/thermal/thermal_zone${index}/type`]: `${type}\n`,
  [`sys/class/thermal/thermal_zone${index}/temp`]: `${temp}\n`,
});

function treeOf(files: Readonly<Record<string, string | null>>): string {
  const root = mkdtempSync(join(scratch.path, 'root-'));
  writeTree(root, files);
  return root;
}

async function told(files: Readonly<Record<string, string | null>>): Promise<BoardSnapshot> {
  const root = treeOf(files);
  const health = new BoardHealth({ root, stateFolder: root });
  await health.read();
  return health.snapshot().board;
}

test('a Raspberry Pi tells everything', async () => {
  const root = treeOf(RASPBERRY_PI);
  const health = new BoardHealth({ root, stateFolder: join(root, 'not/made/yet') });
  assert.deepEqual(health.snapshot().board, noBoard());
  await health.start();
  await health.start();
  await health.stop();
  await health.stop();
  const { space, ...board } = health.snapshot().board;
  const fine = { now: false, since_start: false };
  assert.deepEqual(board, {
    temperature_celsius: 48.312,
    throttling: {
      under_voltage: fine,
      frequency_capped: fine,
      throttled: fine,
      soft_temperature_limit: fine,
    },
    clock_hz: 1_500_000_000,
    load_average: 1.25,
    memory_pressure: {
      system: { some_ratio: 0.125, full_ratio: 0.04, some_seconds: 2.5, full_seconds: 0.5 },
      group: { some_ratio: 0, full_ratio: 0, some_seconds: 0, full_seconds: 0 },
    },
  });
  const { blocks, bsize } = statfsSync(root);
  for (const place of [space.state, space.root]) {
    assert.equal(place?.size_bytes, blocks * bsize);
    assert.ok(place.free_bytes > 0 && place.free_bytes <= place.size_bytes);
  }
});

test('a machine that tells nothing has no figure but those of its file systems', async () => {
  const { space, ...board } = await told({});
  const { space: _, ...nothing } = noBoard();
  assert.deepEqual(board, nothing);
  assert.ok(space.root !== null && space.state !== null);
});

test('every bit of the firmware has its name, now and before', async () => {
  const names = ['under_voltage', 'frequency_capped', 'throttled', 'soft_temperature_limit'];
  for (const [bit, name] of names.entries()) {
    for (const [word, now] of [
      [1 << bit, true],
      [1 << (bit + 16), false],
    ] as const) {
      const { throttling } = await told({ ...RASPBERRY_PI, [THROTTLED]: `${word.toString(16)}\n` });
      const raised = Object.entries(throttling ?? {}).filter(([, state]) => state.since_start);
      assert.deepEqual(raised, [[name, { now, since_start: true }]]);
    }
  }
});

test('what the firmware said once is remembered, when its own memory is cleared', async () => {
  const root = treeOf(RASPBERRY_PI);
  const health = new BoardHealth({ root, stateFolder: root });
  const says = async (word: string) => {
    writeTree(root, { [THROTTLED]: `${word}\n` });
    await health.read();
    return health.snapshot().board.throttling;
  };
  assert.deepEqual((await says('50005'))?.under_voltage, { now: true, since_start: true });
  const later = await says('0');
  assert.deepEqual(later?.under_voltage, { now: false, since_start: true });
  assert.deepEqual(later?.throttled, { now: false, since_start: true });
  assert.deepEqual(later?.frequency_capped, { now: false, since_start: false });
});

test('a word of the firmware that nobody renews is not taken for one', async () => {
  const files = { ...RASPBERRY_PI, 'sys/class/hwmon/hwmon1/name': 'other\n' };
  assert.equal((await told(files)).throttling, null);
  assert.equal((await told({ ...RASPBERRY_PI, [THROTTLED]: 'none\n' })).throttling, null);
});

test("the processor's sensor goes before a hotter one, and the hottest stands in for none", async () => {
  const others = { ...zone(0, 'gpu-thermal', '70000'), ...zone(1, 'wifi', '81000') };
  assert.equal((await told(others)).temperature_celsius, 81);
  const both = { ...others, ...zone(2, 'cpu-0-0', '52000'), ...zone(10, 'cpu-0-1', '55500') };
  assert.equal((await told(both)).temperature_celsius, 55.5);
  const frost = await told(zone(0, 'cpu-thermal', '-4500'));
  assert.equal(frost.temperature_celsius, -4.5);
});

test('the fastest processor is the clock', async () => {
  const policy = (index: number) =>
    `sys/devices/system/cpu/cpufreq/policy${index}/scaling_cur_freq`;
  const { clock_hz } = await told({ [policy(0)]: '600000\n', [policy(4)]: '1800000\n' });
  assert.equal(clock_hz, 1_800_000_000);
});

test('damaged or half-written files are told as nothing', async () => {
  const { space: _, ...board } = await told({
    ...zone(0, 'cpu-thermal', ''),
    ...zone(1, 'cpu-thermal', '<unavailable>'),
    'proc/loadavg': '\n',
    'proc/pressure/memory': 'some avg10=1.00 avg60=0.00 avg300=0.00 total=1\n',
    'proc/self/cgroup': '0::/../outside\n',
    'sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq': '<unknown>\n',
  });
  const { space: _none, ...nothing } = noBoard();
  assert.deepEqual(board, nothing);
});

test('who asks while an answer is on its way waits for that one', async () => {
  const root = treeOf(RASPBERRY_PI);
  const health = new BoardHealth({ root, stateFolder: root });
  const first = health.read();
  assert.equal(health.read(), first);
  await first;
  assert.equal(health.snapshot().board.load_average, 1.25);
});
