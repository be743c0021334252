/** A camera that slows down as the light goes: not a frame is missed for it, and the figures say so. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PatternSource } from '../../app/frames/pattern-source.ts';
import type { SourceOptionsStruct } from '../../app/native/structs.ts';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import { House } from '../support/house.ts';
import { ROOT } from '../support/root.ts';
import { Stream } from '../support/stream.ts';

const house = new House(64);
before(() => house.start());
after(() => house.stop());

/** Gives fewer frames than it was asked for. */
class Dusk extends PatternSource {
  givenFps = 40;

  protected override options(): SourceOptionsStruct {
    return { ...super.options(), fps: this.givenFps };
  }
}

test('a camera that slows down is told apart from frames that were missed', async () => {
  const { native } = house.region;
  const source = new Dusk(native, { width: 320, height: 240, fps: 40, seed: 3 });
  const model = await house.load({ name: 'm', source: `${ROOT}build/models/tiny.tflite` }, 8);
  const turns = { every: 1, deadlineMs: null, priority: 0 };
  const lane = { model, ...turns, fit: 'stretch' as const, mean: null, std: null };
  const stream = new Stream(house, { source, fps: 40, lanes: [lane] });
  const answered = async (count: number) => {
    const goal = stream.results.length + count;
    await stream.until(() => stream.results.length >= goal);
    return stream.pipeline.snapshot().sources?.[0];
  };
  await stream.start();
  const day = await answered(20);
  assert.ok(Math.abs((day?.period_ms ?? 0) - 25) < 5, `${day?.period_ms} ms`);
  source.givenFps = 8;
  await stream.pipeline.restartSource('camera');
  const before = stream.results.length;
  const night = await answered(10);
  // What the deadline is taken from now: the camera's own period.
  assert.ok(Math.abs((night?.period_ms ?? 0) - 125) < 10, `${night?.period_ms} ms`);
  const { frames } = (await stream.stop()) as Snapshot;
  assert.ok(stream.results.slice(before).every(({ in_time }) => in_time));
  assert.equal(frames.completed, frames.captured);
  assert.ok(Object.values(frames.dropped).every((count) => count === 0));
  assert.ok(frames.camera_fps < 25, `the camera gave ${frames.camera_fps} a second`);
  assert.ok(Math.abs(frames.fps - frames.camera_fps) < 1, `${frames.fps} of ${frames.camera_fps}`);
});
