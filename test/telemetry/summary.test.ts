import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noBoard } from '../../app/stats/registry.ts';
import { boardSummary, keysOf, Summaries } from '../../app/telemetry/summary.ts';
import { boardSnapshot, modelSnapshot, snapshot } from '../support/snapshots.ts';

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

test('the machine is summed up, and what it does not tell is null', () => {
  const well = {
    temperature_celsius: 48.312,
    clock_hz: 1_500_000_000,
    under_voltage: false,
    throttled: false,
    memory_pressure_ratio: 0.0125,
    state_free_bytes: 3 << 28,
    root_free_bytes: 1 << 28,
  };
  assert.deepEqual(boardSummary(boardSnapshot()), well);
  assert.deepEqual(
    boardSummary(noBoard()),
    Object.fromEntries(Object.keys(well).map((key) => [key, null])),
  );
});

test('a processor that is slowed down for any reason is throttled; one that was is not', () => {
  const fine = boardSnapshot().throttling ?? assert.fail();
  const raised = { now: true, since_start: true };
  for (const condition of ['frequency_capped', 'throttled', 'soft_temperature_limit'] as const) {
    const { throttled, under_voltage } = boardSummary(
      boardSnapshot({ throttling: { ...fine, [condition]: raised } }),
    );
    assert.deepEqual([throttled, under_voltage], [true, false]);
  }
  const weak = boardSummary(boardSnapshot({ throttling: { ...fine, under_voltage: raised } }));
  assert.deepEqual([weak.throttled, weak.under_voltage], [false, true]);
  const past = { now: false, since_start: true };
  const after = boardSummary(
    boardSnapshot({ throttling: { ...fine, throttled: past, under_voltage: past } }),
  );
  assert.deepEqual([after.throttled, after.under_voltage], [false, false]);
});
