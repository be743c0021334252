import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keysOf, Summaries } from '../../app/telemetry/summary.ts';
import { modelSnapshot, snapshot } from '../support/snapshots.ts';

test('frames a second are those since the last summary', () => {
  const summaries = new Summaries();
  const frames = snapshot([]).frames;
  const at = (completed: number) => snapshot([], { frames: { ...frames, completed } });
  assert.equal(summaries.next(at(300), 10_000).fps, 29.97);
  assert.equal(summaries.next(at(500), 20_000).fps, 20);
  assert.equal(summaries.next(at(500), 30_000).fps, 0);
});

test('each model is there under a key of plain letters, with its own name', () => {
  const models = ['cat/é', 'a b', 'a_b'].map((name) => modelSnapshot(name, null));
  const { models: summary } = new Summaries().next(snapshot(models), 0);
  assert.deepEqual(
    Object.entries(summary).map(([key, { name, label }]) => [key, name, label]),
    [
      ['cat__', 'cat/é', null],
      ['a_b', 'a b', null],
      ['a_b_2', 'a_b', null],
    ],
  );
});

test('keys stay apart however names are made', () => {
  const keys = keysOf(['é', 'ü', '_', '__proto__']);
  assert.equal(new Set(keys.values()).size, 4);
});

test('the fragmentation is that of the worst pool, use is a share', () => {
  const { pool } = modelSnapshot('m', 'cat');
  const worse = modelSnapshot('n', 'dog', { pool: { ...pool, external_fragmentation: 0.25 } });
  const summary = new Summaries().next(snapshot([modelSnapshot('m', 'cat'), worse]), 0);
  assert.equal(summary.fragmentation_ratio, 0.25);
  assert.equal(summary.region_used_ratio, 0.59375);
  assert.equal(summary.models.m?.pool_used_ratio, 0.75);
  assert.equal(summary.frames_dropped, 1);
});
