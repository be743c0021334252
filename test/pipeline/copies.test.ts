/** Between capture and the input tensor no frame is copied more than once. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { PatternSource } from '../../app/frames/pattern-source.ts';
import type { Source } from '../../app/frames/source.ts';
import { StillSource } from '../../app/frames/still-source.ts';
import { Y4mSource } from '../../app/frames/y4m-source.ts';
import type { SourceSnapshot } from '../../app/stats/snapshot.ts';
import { House } from '../support/house.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { Stream } from '../support/stream.ts';

const WIDTH = 64;
const HEIGHT = 48;
const RGB_BYTES = WIDTH * HEIGHT * 3;
const FRAMES = 30;
const house = new House(64);
const scratch = scratchFolder();
before(() => house.start());
afterEach(() => house.clear());
after(() => house.stop());

/** A bitmap of one grey. */
function bitmap(grey: number): Uint8Array {
  const bytes = Buffer.alloc(54 + RGB_BYTES, grey);
  bytes.fill(0, 0, 54);
  bytes.write('BM');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(WIDTH, 18);
  bytes.writeInt32LE(HEIGHT, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}

function clip(name: string, tags: string, frameBytes: number): string {
  const header = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F100:1 ${tags}\n`);
  const frame = Buffer.concat([Buffer.from('FRAME\n'), Buffer.alloc(frameBytes, 90)]);
  const file = join(scratch.path, name);
  writeFileSync(file, Buffer.concat([header, ...Array.from({ length: FRAMES }, () => frame)]));
  return file;
}

/** What a source has counted while two models ran on each of its frames. */
async function run(source: Source): Promise<{ source: SourceSnapshot; total: number }> {
  const rest = { every: 1, deadlineMs: null, priority: 0, fit: 'stretch', mean: null, std: null };
  const lanes = [];
  for (const name of ['one', 'other']) {
    const model = await house.load({ name, source: `${ROOT}build/models/tiny.tflite` }, 8);
    lanes.push({ model, ...rest, fit: 'stretch' as const });
  }
  const stream = new Stream(house, { source, fps: 100, lanes });
  await stream.start();
  await stream.until(() => stream.results.length >= FRAMES || stream.ended);
  const { sources, bytes_copied: total } = await stream.stop();
  const [given] = sources ?? [];
  assert.ok(given && total !== undefined);
  return { source: given, total };
}

const still = (path: string) =>
  new StillSource(house.region.native, { path, fps: 100, eachSeconds: 0 });

test('one still is copied once into each slot, and then no more', async () => {
  const file = join(scratch.path, 'one.bmp');
  writeFileSync(file, bitmap(3));
  const { source, total } = await run(still(file));
  assert.equal(source.most_copies, 1);
  assert.equal(source.frame_bytes, source.captured * RGB_BYTES);
  assert.equal(total, source.bytes_copied);
  const copies = source.bytes_copied / RGB_BYTES;
  assert.ok(copies >= 1 && copies <= 8 && copies < source.captured, `${copies} of ${FRAMES}`);
});

test('stills that change are copied once each', async () => {
  const folder = join(scratch.path, 'two');
  mkdirSync(folder);
  for (const grey of [1, 2]) writeFileSync(join(folder, `${grey}.bmp`), bitmap(grey));
  const { source } = await run(still(folder));
  assert.equal(source.most_copies, 1);
  assert.equal(source.bytes_copied, source.frame_bytes);
});

test('what a slot gets straight from a file is not copied, what it has otherwise is once', async () => {
  const planar = clip('planar.y4m', 'C420', (WIDTH * HEIGHT * 3) / 2);
  const direct = await run(new Y4mSource(house.region.native, planar, 100));
  assert.deepEqual([direct.source.bytes_copied, direct.total], [0, 0]);
  assert.ok(direct.source.frame_bytes > 0);
  await house.clear();
  const packed = clip('packed.y4m', 'C422', WIDTH * HEIGHT * 2);
  const sorted = await run(new Y4mSource(house.region.native, packed, 100));
  assert.equal(sorted.source.most_copies, 1);
  assert.equal(sorted.source.bytes_copied, sorted.source.frame_bytes);
});

test('the pattern is drawn where it is used', async () => {
  const size = { width: WIDTH, height: HEIGHT, fps: 100, seed: 1 };
  const { source, total } = await run(new PatternSource(house.region.native, size));
  assert.deepEqual([source.bytes_copied, source.most_copies, total], [0, 0, 0]);
});
