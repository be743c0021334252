/** Pictures of real frames, and which frames they are of. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PatternSource } from '../../app/frames/pattern-source.ts';
import { Preview } from '../../app/frames/preview.ts';
import type { LaneOptions } from '../../app/pipeline/lane.ts';
import { House } from '../support/house.ts';
import { ROOT } from '../support/root.ts';
import { Stream } from '../support/stream.ts';

const house = new House(64);
before(() => house.start());
afterEach(() => house.clear());
after(() => house.stop());

const CAMERA = { width: 640, height: 360, fps: 30, seed: 7 };

async function lane(name: string, every: number): Promise<LaneOptions> {
  const model = await house.load({ name, source: `${ROOT}build/models/tiny.tflite` }, 8);
  return { model, every, deadlineMs: null, priority: 0, fit: 'stretch', mean: null, std: null };
}

/** Streams for so many results, looked at by `look` after each. */
async function streamed(lanes: LaneOptions[], count: number, look: (preview: Preview) => void) {
  const preview = new Preview(house.region.native);
  const source = new PatternSource(house.region.native, CAMERA);
  const stream = new Stream(house, { source, fps: CAMERA.fps, lanes, preview });
  await stream.start();
  await stream.until(() => {
    look(preview);
    return stream.results.length >= count;
  });
  const { sources } = await stream.stop();
  assert.deepEqual(stream.errors, []);
  return { results: stream.results, previews: sources?.[0]?.previews ?? -1 };
}

test('nothing is made while nobody looks', async () => {
  const { previews } = await streamed([await lane('a', 1)], 30, () => undefined);
  assert.equal(previews, 0);
});

test('pictures are of frames on which every model has a turn, and their results are known', async () => {
  const seen = new Map<number, number>();
  const known = new Set<number>();
  const lanes = [await lane('each', 1), await lane('third', 3)];
  const { results, previews } = await streamed(lanes, 160, (preview) => {
    const picture = preview.look();
    if (picture === null) return;
    assert.equal(picture.jpeg.readUInt16BE(0), 0xffd8);
    seen.set(picture.number, picture.due);
    if (preview.shows(picture.number)) known.add(picture.number);
  });
  assert.ok(seen.size >= 5, `${seen.size} pictures`);
  assert.deepEqual([...known], [...seen.keys()]);
  assert.ok(previews >= seen.size && previews <= seen.size + 2, `${previews} of ${seen.size}`);
  const last = Math.max(...seen.keys());
  const answered = [...seen].filter(([number, due]) => {
    const models = results.filter((result) => result.number === number).map(({ model }) => model);
    return number < last && due === 2 && models.sort().join() === 'each,third';
  });
  // A machine that stands still for a moment may lose one.
  assert.ok(answered.length >= 0.7 * (seen.size - 1), `${answered.length} of ${seen.size}`);
});

test('however often one looks, at most five pictures a second are made', async () => {
  const lanes = [await lane('a', 1)];
  const { results, previews } = await streamed(lanes, 90, (preview) => {
    for (let viewer = 0; viewer < 50; viewer += 1) preview.look();
  });
  const [first, last] = [results[0], results.at(-1)].map((result) => result?.captured_ns ?? 0);
  const seconds = ((last ?? 0) - (first ?? 0)) / 1e9;
  assert.ok(previews > 0 && previews <= seconds * 5 + 2, `${previews} in ${seconds} s`);
});

/** Of a JPEG, from its frame header (SOF0, ITU T.81 B.2.2). */
function sizeOf(jpeg: Buffer): [number, number] {
  const at = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  return [jpeg.readUInt16BE(at + 7), jpeg.readUInt16BE(at + 5)];
}

test('a picture that is asked for is of a frame to come, in its own size or smaller', async () => {
  const asked: Promise<void>[] = [];
  const numbers: number[] = [];
  let last = 0;
  await streamed([await lane('a', 1)], 60, (preview) => {
    last += 1;
    if (last !== 10) return;
    for (const [width, size] of [
      [4096, [640, 360]],
      [320, [320, 180]],
    ] as const) {
      asked.push(
        preview.take(width).then(({ jpeg, number }) => {
          assert.deepEqual(sizeOf(jpeg), size);
          numbers.push(number);
        }),
      );
    }
  });
  await Promise.all(asked);
  const [first = 0, second = 0] = numbers;
  assert.ok(first >= 10 && second > first, `${numbers}`);
});

test('who asks a source without frames is told so, and nobody waits for one that stops', async () => {
  const preview = new Preview(house.region.native);
  await assert.rejects(
    preview.take(640, 20),
    /^Error: no frame has come for 0\.02 s; see .* status$/,
  );
  const waiting = preview.take(640);
  await Promise.all([preview.stop(), assert.rejects(waiting, /the source has stopped/)]);
  assert.equal(preview.taken, 0);
});
