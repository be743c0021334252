import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { JsonDisplay } from '../../app/telemetry/console/json-display.ts';
import { scratchFolder } from '../support/scratch.ts';
import { modelSnapshot, snapshot } from '../support/snapshots.ts';

const scratch = scratchFolder();

test('each line is one JSON object with time, level and message', () => {
  const file = join(scratch.path, 'log');
  const display = new JsonDisplay('info', file);
  display.debug('not shown');
  display.warn('careful', { figure: 1 });
  display.status(snapshot([modelSnapshot('m', 'cat')]));
  display.close();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const [warning, status] = lines.map((line) => JSON.parse(line));
  assert.equal(lines.length, 2);
  assert.ok(Date.parse(warning.time) > 0);
  assert.deepEqual(warning, { level: 'warn', time: warning.time, figure: 1, msg: 'careful' });
  assert.equal(status.msg, 'status');
  assert.equal(status.fps, 29.97);
  assert.deepEqual(status.models[0].latency_ms, { p50: 6.2, p99: 9.8 });
  assert.ok(status.conversion_ms.p50 >= 0);
  assert.deepEqual(status.models[0].top, { label: 'cat', score: 0.9 });
});
