/**
 * Long runs of the program, as long as `SOAK_SECONDS` says (ten minutes). They hold a machine to its
 * deadlines, so they are for a machine that has nothing else to do: `make soak`.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import { defaultJob } from '../../scripts/models/catalogue.ts';
import { Edgepool } from '../support/edgepool.ts';
import { MemoryWatch } from '../support/memory-watch.ts';
import { readReport } from '../support/report.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { crowd, crowdedRegion } from '../support/turns.ts';

const SECONDS = Number(process.env.SOAK_SECONDS ?? 600);
/** Of the run with a model that is too heavy: long enough for one late answer not to decide. */
const HEAVY_SECONDS = Math.max(20, SECONDS / 5);
/** What the program may hold more in the last third of a run: JavaScript's heap breathes. */
const MOST_GROWTH_MIB = 8;
const scratch = scratchFolder();

const model = (name: string) => join(ROOT, 'build/models', name);
const job = defaultJob().map(({ file, labels, ...rest }) => ({
  ...rest,
  file: model(file),
  ...(labels === undefined ? {} : { labels: model(labels) }),
}));
const [detector] = job;

interface Run {
  report: Snapshot;
  growthMib: number;
  /** Mapped bytes of the region, second by second, from the fifth on. */
  mapped: Set<number>;
}

async function run(name: string, config: object, seconds: number): Promise<Run> {
  const report = join(scratch.path, `${name}.json`);
  const settings = { version: 1, report, duration_seconds: seconds, mqtt: { broker: 'none' } };
  const file = scratch.write(`${name}.config.json`, JSON.stringify({ ...settings, ...config }));
  const program = new Edgepool(['run', '--config', file]);
  const memory = new MemoryWatch(program.child.pid ?? 0);
  const { status, err } = await program.end();
  memory.stop();
  assert.deepEqual([status, err], [0, '']);
  const states = program.lines().filter(({ msg }) => msg === 'status') as unknown as Snapshot[];
  const mapped = new Set(states.slice(5).map(({ region }) => region.mapped_bytes));
  const growthMib = memory.growthMib();
  tell(name, readReport(report), growthMib);
  return { report: readReport(report), growthMib, mapped };
}

function tell(name: string, report: Snapshot, growthMib: number): void {
  const { frames, steady_state, event_loop_delay_ms, deadline_hit_ratio, accuracy } = report;
  const { frame_latency_ms, models, sources } = report;
  const figures = { frames, deadline_hit_ratio, frame_latency_ms, accuracy, steady_state };
  const each = {
    models: models.map(({ name: of, invokes, deadline_hit_ratio: hits, dropped, latency_ms }) => ({
      ...{ of, invokes, hits, dropped, latency_ms },
    })),
    sources: sources.map(({ name: of, captured, completed, fps }) => ({
      ...{ of, captured, completed, fps },
    })),
  };
  const growth = { growth_mib: growthMib };
  console.log(`${name} ${JSON.stringify({ ...figures, event_loop_delay_ms, ...growth, ...each })}`);
}

/** Nothing faults, nothing is allocated beside the pools, nothing grows, the event loop is on time. */
function assertSteady({ report, growthMib, mapped }: Run): void {
  const { minor_faults, foreign_allocations } = report.steady_state;
  assert.deepEqual(
    { minor_faults, foreign_allocations },
    { minor_faults: 0, foreign_allocations: 0 },
  );
  assert.equal(mapped.size, 1, `mapped: ${[...mapped].join(' ')}`);
  assert.ok(growthMib <= MOST_GROWTH_MIB, `grew by ${growthMib.toFixed(1)} MiB`);
  const { p99 } = report.event_loop_delay_ms;
  assert.ok(p99 < 10, `event loop late by ${p99} ms at p99`);
}

const hits = (report: Snapshot, name: string) =>
  report.models.find((each) => each.name === name)?.deadline_hit_ratio ?? 0;

test(`three models for ${SECONDS} s`, async () => {
  const three = await run('three', { models: job }, SECONDS);
  const { frames, deadline_hit_ratio } = three.report;
  assert.ok(frames.fps >= 29.9, `${frames.fps} fps`);
  assert.ok(deadline_hit_ratio >= 0.999, `${deadline_hit_ratio} in time`);
  assertSteady(three);
});

test(`a fourth one that is too heavy yields, for ${HEAVY_SECONDS} s`, async () => {
  const heavy = { name: 'heavy', file: model('resnet18.tflite'), priority: -10 };
  const { report } = await run('four', { models: [...job, heavy] }, HEAVY_SECONDS);
  for (const { name } of job) {
    const ratio = hits(report, name);
    assert.ok(ratio >= 0.999, `${name}: ${ratio} in time`);
  }
  const dropped = report.models.find(({ name }) => name === 'heavy')?.dropped;
  assert.ok((dropped?.yielded ?? 0) + (dropped?.superseded ?? 0) > 0, JSON.stringify(dropped));
});

test(`two sources with two models each for ${SECONDS} s do not mix`, async () => {
  const sources = {
    wide: { kind: 'pattern', width: 1280, height: 720, seed: 1, fps: 30 },
    small: { kind: 'pattern', width: 640, height: 480, seed: 2, fps: 20 },
  };
  const models = Object.keys(sources).flatMap((source) => [
    { ...detector, name: `shapes_${source}`, sources: [source] },
    { file: model('tiny_int8.tflite'), name: `tiny_${source}`, sources: [source] },
  ]);
  const two = await run('two', { sources, models }, SECONDS);
  const { report } = two;
  // Each seed has its own shapes: an answer for a frame of the other source would be a wrong one.
  assert.ok((report.accuracy ?? 0) >= 0.95, `accuracy ${report.accuracy}`);
  for (const [index, { fps, name }] of [
    { name: 'wide', fps: 30 },
    { name: 'small', fps: 20 },
  ].entries()) {
    const source = report.sources[index];
    assert.equal(source?.name, name);
    assert.ok(Math.abs((source?.fps ?? 0) - fps) < fps / 200, `${name}: ${source?.fps} fps`);
    for (const kind of ['shapes', 'tiny']) {
      const found = report.models.find((each) => each.name === `${kind}_${name}`);
      assert.deepEqual(found?.sources, [name]);
      assert.ok((found?.invokes ?? 0) >= 0.995 * (source?.captured ?? 0), `${found?.invokes}`);
    }
  }
  assert.ok(report.deadline_hit_ratio >= 0.999, `${report.deadline_hit_ratio} in time`);
  assertSteady(two);
});

test(`six models take turns in memory for three, for ${SECONDS} s`, async () => {
  const region = await crowdedRegion(scratch);
  const { report, growthMib } = await crowd(scratch, { region, seconds: SECONDS });
  tell('turns', report, growthMib);
  for (const { name, dropped } of report.models) {
    const { stopping, ...lost } = dropped;
    assert.deepEqual(Object.values(lost), Object.values(lost).fill(0), `${name} lost frames`);
  }
  assert.ok(report.deadline_hit_ratio >= 0.999, `${report.deadline_hit_ratio} in time`);
  assertSteady({ report, growthMib, mapped: new Set([0]) });
});
