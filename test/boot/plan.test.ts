import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Interrupted } from '../../app/boot/lifecycle.ts';
import { hugeBytes, makePlan } from '../../app/boot/plan.ts';
import type { Tree } from '../../app/config/layer.ts';
import { loadConfig } from '../../app/config/load.ts';
import { sha256File } from '../../app/models/sha256.ts';
import { loadNative } from '../../app/native/library.ts';
import { edgepool } from '../support/edgepool.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';

const MIB = 2 ** 20;
const scratch = scratchFolder();
const native = loadNative();
const never = new AbortController().signal;
const file = `${ROOT}build/models/tiny.tflite`;

function plan(values: Tree, signal = never) {
  const flags = { values, usage: true, subject: (path: readonly unknown[]) => path.join('.') };
  return makePlan(native, loadConfig({ file: null, environment: {}, flags }), signal);
}

test('the region is what the pools need and the reserve, in whole steps of 2 MiB', async () => {
  const models = [
    { file, name: 'a' },
    { file, name: 'b' },
  ];
  const made = await plan({ models, region: { reserve: 0.4 } });
  const pools = [
    8 * MIB,
    made.cameras[0]?.pool.quotaBytes ?? 0,
    ...made.models.map((m) => m.pool.quotaBytes),
  ];
  const sum = pools.reduce((total, bytes) => total + bytes, 0);
  const { capacityBytes } = made.region;
  assert.equal(capacityBytes % (2 * MIB), 0);
  assert.ok(capacityBytes * 0.6 >= sum && (capacityBytes - 2 * MIB) * 0.6 < sum);
  assert.match(made.sizing, /^pools \d+\.\d MiB and 40 % reserve$/);
  assert.equal(made.models[0]?.sha256, await sha256File(file));
  assert.ok((made.models[0]?.pool.quotaBytes ?? 0) > readFileSync(file).length);
});

test('compressing takes 2 MiB of the region, and leaves as much in reserve', async () => {
  const bytes = async (compress: string) => {
    const made = await plan({
      models: [{ file }],
      region: { reserve: 0.5 },
      parking: { compress },
    });
    return made.region.capacityBytes;
  };
  const [none, zstd] = [await bytes('none'), await bytes('zstd')];
  assert.equal(zstd - none, 4 * MIB);
});

test('a plan.json beside a model is taken where it is for it, else the model is tried', async () => {
  const folder = join(scratch.path, 'planned');
  mkdirSync(folder);
  const [mine, other] = ['mine.tflite', 'other.tflite'].map((name) => join(folder, name));
  assert.ok(mine !== undefined && other !== undefined);
  copyFileSync(file, mine);
  copyFileSync(`${ROOT}build/models/tiny_int8.tflite`, other);
  const ended = await edgepool(['analyze', mine, '--plan', join(folder, 'plan.json')]);
  assert.equal(ended.status, 0, ended.err);
  const pools = async () =>
    (await plan({ models: [{ file: mine }, { file: other }] })).models.map(({ pool }) => pool);
  const [planned, tried] = await pools();
  // What is planned does not grow past its quota; what is tried may.
  assert.equal(planned?.windowBytes, planned?.quotaBytes);
  assert.ok((tried?.windowBytes ?? 0) > (tried?.quotaBytes ?? 0));
  writeFileSync(join(folder, 'plan.json'), '{"version": 1, "models"');
  for (const pool of await pools()) assert.ok(pool.windowBytes > pool.quotaBytes);
});

test('of huge pages every slot of the frames and every small model takes a whole one', async () => {
  const made = await plan({ models: [{ file }], source: { width: 640, height: 360 } });
  const slots = made.cameras[0]?.ring.slots ?? 0;
  // The runtime's 8 MiB, the slots, what is beside them, the model.
  assert.equal(hugeBytes(made), 8 * MIB + slots * 2 * MIB + 2 * MIB + 2 * MIB);
});

test('a configured size of the region is kept', async () => {
  const made = await plan({ models: [{ file }], region: { capacity_mb: 33 } });
  assert.deepEqual([made.region.capacityBytes, made.sizing], [33 * MIB, 'as configured']);
});

test('larger frames and more models need a larger frames pool', async () => {
  const bytes = async (width: number, models: Tree[]) =>
    (await plan({ models, source: { width } })).cameras[0]?.pool.quotaBytes ?? 0;
  const one = await bytes(640, [{ file }]);
  assert.ok((await bytes(1280, [{ file }])) > one);
  assert.ok((await bytes(640, [{ file }, { file }])) > one);
});

test('what cannot run is told before any memory is taken', async () => {
  const wrong = scratch.write('wrong.tflite', 'not a model');
  await assert.rejects(plan({ models: [{ file }, { file: wrong }] }), /wrong\.tflite/);
  await assert.rejects(plan({ models: [{ file }], source: { kind: 'v4l2', path: '/dev/null' } }), {
    message: 'source v4l2 /dev/null: is not a camera: name another device (ls /dev/video*)',
  });
  await assert.rejects(plan({ models: [{ file }], source: { kind: 'still' } }), {
    message: 'source.kind is still but source.path is null: name a picture or a folder',
  });
});

test('a camera that may be away gets memory for its frames in any format', async () => {
  const source = { kind: 'v4l2', path: join(scratch.path, 'video9'), width: 640, height: 360 };
  const away = { models: [{ file }], source };
  await assert.rejects(plan(away), /video9: there is no such device/);
  const [camera] = (await plan({ ...away, recovery: { absent_cameras: 'wait' } })).cameras;
  assert.equal(camera?.ring.slotBytes, 640 * 360 * 3);
});

test('each source has a pool of its own, for the models that get its frames', async () => {
  const sources = { front: { width: 640, fps: 10 }, back: { width: 640 } };
  const models = [
    { file, name: 'a' },
    { file, name: 'b', sources: ['front'] },
  ];
  const [front, back] = (await plan({ models, sources })).cameras;
  assert.deepEqual([front?.name, front?.pool.name, front?.fps], ['front', 'frames front', 10]);
  assert.deepEqual([back?.name, back?.fps], ['back', 30]);
  assert.equal((front?.ring.slots ?? 0) - (back?.ring.slots ?? 0), 2);
  const unknown = [{ file, name: 'a', sources: ['side'] }];
  await assert.rejects(plan({ models: unknown, sources }), {
    message: 'model a: no source is named side; there are: front, back',
  });
});

test('an interruption ends the trial in work', async () => {
  const controller = new AbortController();
  const made = plan({ models: [{ file }] }, controller.signal);
  controller.abort();
  await assert.rejects(made, Interrupted);
});
