import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Histogram } from '../../../app/stats/histogram.ts';
import { noBoard } from '../../../app/stats/registry.ts';
import type { LendingSnapshot } from '../../../app/stats/snapshot.ts';
import { render } from '../../../app/telemetry/metrics/render.ts';
import { ROOT } from '../../support/root.ts';
import { lendingSnapshot, modelSnapshot, snapshot } from '../../support/snapshots.ts';

const identity = { device: 'board', version: '1.2.3' };
const now = snapshot([modelSnapshot('eyes', 'cat'), modelSnapshot('ears', null)]);

/** Names of series, those of histograms without their endings. */
function names(text: string): Set<string> {
  const lines = text.split('\n').filter((line) => line.startsWith('# TYPE '));
  return new Set(
    lines.flatMap((line) => {
      const [, , name = '', kind] = line.split(' ');
      return kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name];
    }),
  );
}

test("Prometheus' own linter has nothing to say", async () => {
  for (const picture of [
    now,
    { ...now, parking: { ...now.parking, lending: null } },
    snapshot([]),
    { ...now, accuracy: 0.9 },
    { ...now, board: noBoard() },
  ]) {
    const input = await render(picture, identity);
    const ended = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    assert.equal(ended.error, undefined);
    assert.deepEqual([ended.status, ended.stdout, ended.stderr], [0, '', '']);
  }
});

test('figures stand in base units, counters and histograms as they were counted', async () => {
  const lines = (await render(now, identity)).split('\n');
  const has = (line: string) => assert.ok(lines.includes(line), line);
  has('edgepool_info{device="board",version="1.2.3"} 1');
  has('edgepool_frames_captured_total 301');
  has('edgepool_frames_dropped_total{reason="superseded"} 1');
  has('edgepool_model_load_seconds{model="eyes"} 0.0125');
  has(`edgepool_pool_quota_bytes{pool="ears"} ${12 << 20}`);
  has('edgepool_frame_latency_seconds_bucket{le="0.01"} 10');
  has('edgepool_model_invoke_seconds_bucket{model="eyes",le="+Inf"} 300');
  has('edgepool_model_invoke_seconds_sum{model="eyes"} 3.7');
  has('edgepool_mqtt_connected 1');
  has('edgepool_model_residence{model="eyes",state="resident",place="none"} 1');
  has('edgepool_model_residence{model="waits",state="away",place="disk"} 1');
  has(`edgepool_model_live_bytes{model="waits"} ${7 << 20}`);
  has(`edgepool_model_packed_bytes{model="waits"} ${6 << 20}`);
  has(`edgepool_place_bound_bytes{place="disk"} ${64 << 20}`);
  has(`edgepool_place_held_bytes{place="disk"} ${12 << 20}`);
  has(`edgepool_place_live_bytes{place="disk"} ${14 << 20}`);
  has(`edgepool_place_restore_seconds_per_byte{place="disk"} ${2 ** -30}`);
  has('edgepool_place_restores_total{place="disk"} 6');
  has('edgepool_place_lost_total{place="disk"} 1');
  has(`edgepool_place_unchanged_bytes_total{place="disk"} ${34 << 20}`);
  has(`edgepool_lending_lent_bytes ${48 << 20}`);
  has(`edgepool_lending_server_used_bytes ${12 << 20}`);
  has('edgepool_lending_extents_taken_back_total 6');
  has('edgepool_temperature_celsius 48.312');
  has('edgepool_clock_hertz 1500000000');
  has('edgepool_throttled{condition="under_voltage"} 0');
  has('edgepool_memory_pressure_ratio{scope="system",share="some"} 0.0125');
  has('edgepool_memory_pressure_seconds_total{scope="group",share="full"} 0.5');
  has(`edgepool_filesystem_free_bytes{place="state"} ${3 << 28}`);
});

test('what the source does not know has no series', async () => {
  assert.doesNotMatch(await render(now, identity), /^edgepool_accuracy_ratio /m);
});

test('a place without a bound, and one that nothing was brought to yet, have no such series', async () => {
  const text = await render(now, identity);
  for (const name of ['bound_bytes', 'park_seconds_per_byte', 'restore_seconds_per_byte']) {
    assert.doesNotMatch(text, new RegExp(`^edgepool_place_${name}{place="memory"}`, 'm'));
  }
  assert.match(text, /^edgepool_place_parks_total{place="memory"} 0$/m);
});

test('a machine that lends nothing has no series of it, one whose server is away not all', async () => {
  const series = async (lending: LendingSnapshot | null) => {
    const text = await render({ ...now, parking: { ...now.parking, lending } }, identity);
    return [...names(text)].filter((name) => name.startsWith('edgepool_lending_'));
  };
  assert.deepEqual(await series(null), []);
  const all = await series(lendingSnapshot());
  assert.equal(all.length, 7);
  const away = await series({ ...lendingSnapshot(), server_used_bytes: null });
  const gone = all.filter((name) => !away.includes(name));
  assert.deepEqual(gone, ['edgepool_lending_server_used_bytes']);
});

test('what the machine does not tell has no series', async () => {
  const before = names(await render(now, identity));
  const after = names(await render({ ...now, board: noBoard() }, identity));
  const gone = [...before].filter((name) => !after.has(name));
  assert.deepEqual(gone.sort(), [
    'edgepool_clock_hertz',
    'edgepool_filesystem_free_bytes',
    'edgepool_filesystem_size_bytes',
    'edgepool_load_average',
    'edgepool_memory_pressure_ratio',
    'edgepool_memory_pressure_seconds_total',
    'edgepool_temperature_celsius',
    'edgepool_throttled',
    'edgepool_throttled_since_start',
  ]);
});

test('a distribution counts every duration at its bounds', () => {
  const histogram = new Histogram();
  for (const ms of [0.05, 0.2, 4, 4, 30, 5000]) histogram.record(ms * 1e6);
  const { counts, count, sum_ms } = histogram.distribution();
  assert.deepEqual(counts, [1, 2, 2, 2, 2, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5]);
  assert.equal(count, 6);
  assert.ok(Math.abs(sum_ms - 5038.25) < 1e-6);
});

test('the dashboard asks for nothing that is not there, and for every kind of figure', async () => {
  const text = readFileSync(`${ROOT}docs/grafana/edgepool.json`, 'utf8');
  const { panels } = JSON.parse(text) as { panels: { targets: { expr: string }[] }[] };
  const asked = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  assert.ok(asked.length >= 10);
  const there = names(await render({ ...now, accuracy: 1 }, identity));
  for (const expr of asked) {
    const wanted = expr.match(/edgepool_\w+/g) ?? [];
    assert.notEqual(wanted.length, 0, expr);
    for (const name of wanted) assert.ok(there.has(name), `${name} in ${expr}`);
  }
  const everything = asked.join(' ');
  const parts = [
    '_frames_',
    '_latency_',
    '_pool_',
    '_region_',
    '_mqtt_',
    '_invoke_',
    '_place_',
    '_lending_',
  ];
  const ofBoard = ['_temperature_', '_throttled', '_memory_pressure_', '_filesystem_', '_clock_'];
  for (const part of [...parts, ...ofBoard]) assert.ok(everything.includes(part), part);
});
