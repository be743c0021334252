import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noMqtt } from '../../app/stats/registry.ts';
import type { RecordingSnapshot, SourceSnapshot } from '../../app/stats/snapshot.ts';
import { statusText } from '../../app/telemetry/console/status-text.ts';
import { cut, width } from '../../app/telemetry/console/text.ts';
import { modelSnapshot, snapshot } from '../support/snapshots.ts';

function source(recording: RecordingSnapshot): SourceSnapshot {
  const { frames, frame_latency_ms } = snapshot([]);
  const size = { name: 'camera', kind: 'pattern', width: 1280, height: 720 };
  const copies = { frame_bytes: 0, bytes_copied: 0, most_copies: 0, previews: 0, snapshots: 0 };
  const goes = { away: false, period_ms: 33.3, frame_latency_ms };
  return { ...copies, ...size, ...goes, ...frames, recording };
}

const three = snapshot([
  modelSnapshot('mobilenet_v2', 'Egyptian cat'),
  modelSnapshot('person', 'no person', { latency_ms: { p50: 0.44, p99: 0.9 } }),
  modelSnapshot('resnet18', null, { latency_ms: { p50: 23.4, p99: 30 } }),
]);

test('with room enough everything is said in full', () => {
  assert.equal(
    statusText(three, 200, true),
    '30.0 fps  12/18 ms  99.7 %  mobilenet_v2: Egyptian cat 6.2/9.8  ' +
      'person: no person 0.4/0.9  resnet18: - 23/30  convert 1.0  38/64 MiB  mqtt on',
  );
});

test('it never takes more columns than there are, and never a line of its own', () => {
  const wide = snapshot([
    modelSnapshot('猫', '猫猫猫猫猫猫猫猫猫猫猫猫'),
    modelSnapshot('evil', 'a\u001b[2Jb\nc'),
    modelSnapshot('n'.repeat(63), 'é'.repeat(40)),
  ]);
  for (const picture of [three, wide, snapshot([])]) {
    for (let columns = 1; columns <= 220; columns++) {
      const text = statusText(picture, columns, true);
      assert.ok(width(text) <= columns, `${columns}: ${width(text)} ${text}`);
      assert.doesNotMatch(text, /\p{Control}/u);
    }
  }
});

test('a recording shows that it is on, and what it has left out', () => {
  const recording = { file: 'a.y4m', state: 'on', frames: 9, dropped: 0, bytes: 12 << 20 } as const;
  const text = (more: object) =>
    statusText(snapshot([], { sources: [source({ ...recording, ...more })] }), 200, true);
  assert.match(text({}), /^rec 12 MiB {2}30\.0 fps/);
  assert.match(text({ dropped: 3 }), /^rec 12 MiB -3 {2}30/);
  assert.match(text({ state: 'full' }), /^rec full {2}30/);
});

test('on 80 columns every model still shows its answer and time', () => {
  const text = statusText(three, 79, true);
  assert.match(text, /Egyptia… 6\.2 {2}no per… 0\.4 {2}- 23 {2}38\/64 MiB {2}mqtt on$/);
});

test('a broker that is away shows, with what was dropped; no broker shows nothing', () => {
  const away = snapshot([], { mqtt: { ...noMqtt(), published: 1, dropped: 12 } });
  assert.match(statusText(away, 80, true), /mqtt away -12$/);
  assert.match(statusText(away, 80, false), /38\/64 MiB$/);
});

test('cutting respects characters of two columns and of none', () => {
  assert.equal(cut('猫猫猫', 6), '猫猫猫');
  assert.equal(cut('猫猫猫', 5), '猫猫…');
  assert.equal(cut('猫猫猫', 4), '猫…');
  assert.equal(cut('abc', 0), '');
  assert.equal(width('e\u0301'), 1);
  assert.equal(width('\u001b[38;5;39m█\u001b[0m'), 1);
});
