/** A model whose file leaves the size of its picture open: it grows and shrinks, and answers right. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Pool } from '../../app/memory/pool.ts';
import { Follower } from '../../app/models/follower.ts';
import { Model } from '../../app/models/model.ts';
import { TensorBuffer } from '../../app/models/tensor-buffer.ts';
import { FloatEmitter } from '../../scripts/models/float-emitter.ts';
import { makeModel, prepare } from '../../scripts/models/make-model.ts';
import { openModel } from '../support/answer-models.ts';
import { House, MIB } from '../support/house.ts';
import { Random } from '../support/random.ts';

const SEED = 5;
const SMALL = { height: 64, width: 64 };
const LARGE = { height: 360, width: 640 };
const house = new House(64);
before(() => house.start());
after(() => house.stop());

const float = ({ height, width } = SMALL, open = true) =>
  new FloatEmitter(openModel(SEED, height, width, open)).file('open');

function int8(): Uint8Array {
  const network = () => openModel(SEED, SMALL.height, SMALL.width);
  const entry = { name: 'open', form: 'int8', seed: SEED, network } as const;
  return makeModel(entry, prepare(entry));
}

/** In a pool that may take up to `mostMib`, of which it has been given what it needs for `SMALL`. */
async function load(name: string, source: Uint8Array, quotaMib: number, mostMib: number) {
  const bytes = { quotaBytes: quotaMib * MIB, windowBytes: mostMib * MIB };
  const pool = new Pool(house.region, { name, plannedBytes: 0, ...bytes });
  await pool.start();
  const model = new Model(house.runtime, pool, { name, source });
  await model.start();
  await pool.trim(0);
  return model;
}

async function unload(...models: Model[]): Promise<void> {
  for (const model of models) {
    await model.stop();
    await model.pool.stop();
  }
}

/** Its output's bytes on a picture of seeded bytes. */
async function answer(model: Model): Promise<Uint8Array> {
  const [input] = model.inputs;
  assert.ok(input);
  const random = new Random(3);
  const picture = new TensorBuffer(input);
  for (let i = 0; i < (picture.values?.length ?? 0); i += 1) {
    (picture.values as Float32Array | Int8Array)[i] =
      random.integer(-100, 100) / (input.scale ? 1 : 100);
  }
  model.writeInput(0, picture.bytes);
  await model.invoke();
  return model.readOutput(0).bytes.slice();
}

for (const [form, bytes] of [
  ['float32', float()],
  ['int8', int8()],
] as const) {
  test(`${form}: grows out of the reserve, shrinks again, and answers the same`, async () => {
    const model = await load('open', bytes, 1, 24);
    const other = await load('other', bytes, 8, 24);
    const follower = new Follower(model);
    assert.ok(follower.suits(SMALL) && !follower.suits(LARGE));
    const small = model.pool.stats();
    const first = await answer(model);
    for (let round = 0; round < 3; round += 1) {
      await follower.follow(LARGE);
      assert.deepEqual(model.pictureSize, LARGE);
      assert.ok(follower.suits(LARGE) && !follower.suits(SMALL));
      const large = model.pool.stats();
      // The first layer's output alone.
      const layer = (LARGE.height / 2) * (LARGE.width / 2) * 8;
      assert.ok(large.mapped_bytes > small.mapped_bytes + layer, `${large.mapped_bytes}`);
      assert.ok(large.quota_bytes > MIB && large.quota_bytes >= large.mapped_bytes);
      await new Follower(other).follow(LARGE);
      assert.deepEqual(await answer(model), await answer(other));
      await follower.follow(SMALL);
      await new Follower(other).follow(SMALL);
      const back = model.pool.stats();
      assert.ok(back.mapped_bytes <= small.mapped_bytes + 65536, `${back.mapped_bytes}`);
      assert.equal(back.quota_bytes, MIB);
      assert.deepEqual(await answer(model), first);
    }
    await unload(model, other);
  });
}

test('at any size it answers as a model that was made for it', async () => {
  const model = await load('open', float(), 2, 24);
  const made = await load('made', float(LARGE, false), 16, 16);
  assert.equal(made.info.open_size, 0);
  assert.ok(new Follower(made).suits(SMALL), 'a model of one size is left alone');
  await new Follower(model).follow(LARGE);
  assert.deepEqual(await answer(model), await answer(made));
  await unload(model, made);
});

test('a size that does not fit is refused once with its figures, and the former one works', async () => {
  const model = await load('open', float(), 1, 2);
  const before = await answer(model);
  const follower = new Follower(model);
  await assert.rejects(
    follower.follow(LARGE),
    /^NativeError: model open does not fit into pool open \(with that shape\): requested \d+ bytes/,
  );
  assert.ok(follower.suits(LARGE), 'it is not tried again');
  assert.deepEqual(model.pictureSize, SMALL);
  assert.deepEqual(await answer(model), before);
  assert.equal(model.pool.stats().quota_bytes, MIB);
  await unload(model);
});
