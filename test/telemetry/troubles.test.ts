import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Troubles } from '../../app/telemetry/troubles.ts';
import { recorded } from '../support/silent.ts';

test('the same trouble is told once in ten seconds, then with how often it was', () => {
  let now = 0;
  const log = recorded();
  const events: unknown[] = [];
  const bus = { event: (kind: string, fields?: unknown) => events.push([kind, fields]) };
  const troubles = new Troubles(log, bus, () => now);
  for (; now < 10_000; now += 100) troubles.tell('camera lost');
  troubles.tell('other');
  troubles.tell('camera lost');
  assert.deepEqual(log.lines, [
    'warn camera lost',
    'warn other',
    'warn camera lost (and 99 times more)',
  ]);
  assert.deepEqual(events[2], ['error', { message: 'camera lost', more: 99 }]);
});

test('a thousand different troubles take no more memory than some', () => {
  const log = recorded();
  const troubles = new Troubles(log, { event: () => undefined }, () => 0);
  for (let count = 0; count < 1000; count++) troubles.tell(`trouble ${count}`);
  assert.equal(log.lines.length, 1000);
});
