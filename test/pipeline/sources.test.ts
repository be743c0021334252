import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PatternSource } from '../../app/frames/pattern-source.ts';
import type { LaneOptions } from '../../app/pipeline/lane.ts';
import type { Result } from '../../app/pipeline/result.ts';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import { House } from '../support/house.ts';
import { ROOT } from '../support/root.ts';
import { Stream, type StreamOptions } from '../support/stream.ts';

const house = new House(64);
before(() => house.start());
afterEach(() => house.clear());
after(() => house.stop());

const CAMERA = { width: 320, height: 240, fps: 30, seed: 7 };
const OTHER = { width: 176, height: 144, fps: 20, seed: 8 };
const pattern = (options: typeof CAMERA) => new PatternSource(house.region.native, options);

async function lanes(names: readonly string[], sources: string[] | null): Promise<LaneOptions[]> {
  const made: LaneOptions[] = [];
  for (const name of names) {
    const model = await house.load({ name, source: `${ROOT}build/models/tiny.tflite` }, 8);
    const turns = { every: 1, deadlineMs: null, priority: 0, sources };
    made.push({ model, ...turns, fit: 'stretch', mean: null, std: null });
  }
  return made;
}

async function results(options: StreamOptions, count: number) {
  const stream = new Stream(house, options);
  await stream.start();
  await stream.until(() => stream.results.length >= count);
  const snapshot = (await stream.stop()) as Snapshot;
  assert.deepEqual(stream.errors, []);
  return { results: stream.results, snapshot };
}

/** What each frame of a pattern is answered, by its number: the same at every run. */
async function truthOf(options: typeof CAMERA): Promise<Map<number, string>> {
  const [lane] = await lanes(['alone'], null);
  const streamed = { source: pattern(options), fps: options.fps, lanes: lane ? [lane] : [] };
  const alone = await results(streamed, 60);
  await house.clear();
  return new Map(alone.results.map(({ number, top }) => [number, JSON.stringify(top)]));
}

test('two sources of different size and rate, two models each: every answer is of its own source', async () => {
  const truth = new Map([
    ['camera', await truthOf(CAMERA)],
    ['other', await truthOf(OTHER)],
  ]);
  assert.notDeepEqual(truth.get('camera'), truth.get('other'));
  const bound = [
    ...(await lanes(['a', 'b'], ['camera'])),
    ...(await lanes(['c', 'd'], ['other'])),
    ...(await lanes(['both'], null)),
  ];
  const other = { name: 'other', source: pattern(OTHER), fps: OTHER.fps };
  const together = { source: pattern(CAMERA), fps: CAMERA.fps, other, lanes: bound };
  const { results: given, snapshot } = await results(together, 240);
  const of = (model: string) => [...new Set(given.filter((r) => r.model === model).map(sourceOf))];
  assert.deepEqual(
    [of('a'), of('b'), of('c'), of('d')],
    [['camera'], ['camera'], ['other'], ['other']],
  );
  assert.deepEqual(of('both').sort(), ['camera', 'other']);
  let compared = 0;
  for (const { source, number, top } of given) {
    const expected = truth.get(source)?.get(number);
    if (expected === undefined) continue;
    compared += 1;
    assert.equal(JSON.stringify(top), expected, `${source} ${number}`);
  }
  assert.ok(compared > 150, `${compared} answers were compared`);
  const [camera, second] = snapshot.sources;
  assert.deepEqual([camera?.name, camera?.width, camera?.height], ['camera', 320, 240]);
  assert.deepEqual([second?.name, second?.width, second?.height], ['other', 176, 144]);
  assert.equal(snapshot.frames.captured, (camera?.captured ?? 0) + (second?.captured ?? 0));
  assert.ok(Math.abs((camera?.camera_fps ?? 0) - 30) < 1.5, `${camera?.camera_fps}`);
  assert.ok(Math.abs((second?.camera_fps ?? 0) - 20) < 1, `${second?.camera_fps}`);
});

const sourceOf = ({ source }: Result) => source;
