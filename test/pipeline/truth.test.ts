/** The trained detector against the pattern's truth: what is wrong anywhere on the way shows here. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { Events } from '../../app/frames/events.ts';
import type { NativeEvent } from '../../app/frames/native-event.ts';
import { PatternSource } from '../../app/frames/pattern-source.ts';
import { framesPool, Ring } from '../../app/frames/ring.ts';
import { Pool } from '../../app/memory/pool.ts';
import { DEFAULT_ANSWERS } from '../../app/models/answers/answer-reader.ts';
import { chooseReader } from '../../app/models/answers/choose.ts';
import { View } from '../../app/models/answers/view.ts';
import { loadLabels } from '../../app/models/labels.ts';
import type { Model } from '../../app/models/model.ts';
import { check, sharedError } from '../../app/native/call.ts';
import { EventKind } from '../../app/native/constants.ts';
import { Accuracy } from '../../app/pipeline/accuracy.ts';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import { defaultJob, TRAINED } from '../../scripts/models/catalogue.ts';
import { House } from '../support/house.ts';
import { Stream } from '../support/stream.ts';

const [job] = defaultJob();
const [file, labelsFile] = TRAINED.files.map((name) =>
  fileURLToPath(new URL(name, TRAINED.folder)),
);
const SIZES = [
  [640, 480],
  [1280, 720],
  [1920, 1080],
] as const;
/** Every seed has its own colours, sizes and paths. */
const SEEDS = [1, 2, 3, 4];
const FRAMES = 600;
const LEAST_ACCURACY = 0.95;
const MOST_WHEN_SWAPPED = 0.5;

const house = new House(64);
let model: Model;
const answers = { ...DEFAULT_ANSWERS, labels: [] as string[] };
before(async () => {
  await house.start();
  model = await house.load({ name: 'shapes', source: file ?? '' }, 4);
  answers.labels = await loadLabels(labelsFile ?? '');
  answers.anchors = { side: job?.anchor_side ?? 0 };
  answers.overlap = job?.overlap ?? 0;
});
after(() => house.stop());

const pattern = (width: number, height: number, seed: number, fps: number): PatternSource =>
  new PatternSource(house.region.native, { width, height, fps, seed });

/** Live, through the pipeline. */
async function liveAccuracy(width: number, height: number, seed: number): Promise<number> {
  const source = pattern(width, height, seed, 200);
  const lane = { model, every: 1, deadlineMs: null, priority: 0, mean: null, std: null, answers };
  const stream = new Stream(house, { source, fps: 200, lanes: [{ ...lane, fit: 'stretch' }] });
  await stream.start();
  await stream.until(() => stream.results.length >= FRAMES);
  const { accuracy } = (await stream.stop()) as Snapshot;
  return accuracy ?? 0;
}

/** Frame by frame, each changed on its way to the model. */
async function changedAccuracy(
  width: number,
  height: number,
  change: (frame: Uint8Array) => void,
): Promise<number> {
  const { native } = house.region;
  const source = pattern(width, height, 1, 60);
  const ring = { slots: 4, slotBytes: source.probe().bytes };
  const pool = new Pool(house.region, framesPool('frames', ring));
  await pool.start();
  const slots = new Ring(pool, ring);
  await slots.start();
  const events = new Events(native);
  const accuracy = new Accuracy();
  const reader = chooseReader('shapes', model.inputs[0]?.shape ?? [], model.outputs, answers);
  const whole = new View('stretch', { width, height }, { width: 96, height: 96 });
  const enough = new EventTarget();
  let seen = 0;
  events.onEvent = (event: NativeEvent) => {
    // A busy machine may have no slot for one of them.
    if (event.kind !== EventKind.frame) return;
    const address = native.ep_ring_slot(slots.handle, event.slot);
    assert.ok(address !== null);
    const frame = new Uint8Array(koffi.view(address, ring.slotBytes)).slice();
    slots.release(event.slot);
    change(frame);
    const options = { fit: 0, automatic: 1, mean: [0, 0, 0], std: [1, 1, 1] };
    const error = sharedError();
    check(native.ep_convert(frame, event.frame(), model.handle, 0, options, error), error);
    model.invokeNow();
    const { detections = [] } = reader.read((index) => model.readOutput(index), whole);
    accuracy.judge(detections, source.truth(event.number));
    seen += 1;
    if (seen === FRAMES) enough.dispatchEvent(new Event('enough'));
  };
  await events.start();
  await source.start(slots, events);
  await once(enough, 'enough');
  await source.stop();
  events.drain();
  await slots.stop();
  await events.stop();
  await pool.stop();
  return accuracy.value ?? 0;
}

/** U and V of NV12, which begin behind the luma and take turns. */
function swapChroma(frame: Uint8Array): void {
  for (let at = (frame.length * 2) / 3; at < frame.length; at += 2) {
    const u = frame[at] as number;
    frame[at] = frame[at + 1] as number;
    frame[at + 1] = u;
  }
}

for (const [width, height] of SIZES) {
  test(`what is seen on the pattern at ${width}x${height} is right`, async () => {
    const values: number[] = [];
    for (const seed of SEEDS) values.push(await liveAccuracy(width, height, seed));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    assert.ok(mean >= LEAST_ACCURACY, `${mean}, by seed ${values.join(' ')}`);
  });
}

test('two colour planes that are swapped make it wrong', async () => {
  const [right, swapped] = [
    await changedAccuracy(640, 480, () => undefined),
    await changedAccuracy(640, 480, swapChroma),
  ];
  assert.ok(right >= LEAST_ACCURACY - 0.1, `${right} as it is`);
  assert.ok(swapped < MOST_WHEN_SWAPPED, `${swapped} when swapped`);
});
