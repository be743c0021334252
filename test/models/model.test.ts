import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import type { Model } from '../../app/models/model.ts';
import { NativeError } from '../../app/native/native-error.ts';
import { House, MIB } from '../support/house.ts';
import { Random } from '../support/random.ts';
import { modelFile, testWithShared } from '../support/shared.ts';

const house = new House(96);
before(() => house.start());
afterEach(() => house.clear());
after(() => house.stop());

/** Every output's bytes on an input of seeded bytes. */
async function answers(model: Model, seed: number): Promise<Uint8Array[]> {
  const random = new Random(seed);
  for (const [index, input] of model.inputs.entries()) {
    const bytes = Uint8Array.from({ length: input.bytes }, () => random.integer(0, 255));
    model.writeInput(index, bytes);
  }
  await model.invoke();
  return model.outputs.map((_, index) => model.readOutput(index).bytes.slice());
}

testWithShared('a loaded model describes its tensors, its delegate and its load', async () => {
  const model = await house.load({ name: 'person', source: modelFile('vww_96_int8') }, 8);
  assert.deepEqual(
    model.inputs.map(({ type, shape, bytes }) => ({ type, shape, bytes })),
    [{ type: 'int8', shape: [1, 96, 96, 3], bytes: 27648 }],
  );
  assert.deepEqual(model.outputs[0]?.shape, [1, 2]);
  assert.ok((model.outputs[0]?.scale ?? 0) > 0);
  assert.match(model.delegate, /^(none|xnnpack)/);
  assert.ok(model.loadMs > 0);
  assert.ok(model.pool.stats().live_bytes > model.info.file_bytes);
});

testWithShared('an invoke takes time, allocates nothing and is the same every time', async () => {
  const model = await house.load({ name: 'person', source: modelFile('vww_96_int8') }, 8);
  const first = await answers(model, 1);
  assert.deepEqual(await answers(model, 1), first);
  assert.notDeepEqual(await answers(model, 2), first);
  const stats = await model.invoke();
  assert.ok(stats.duration_ns > 0);
  assert.equal(stats.pool_allocations, 0);
});

testWithShared('a model from memory answers as the one from its file', async () => {
  const { readFile } = await import('node:fs/promises');
  const file = modelFile('mobilenet_v1_0.25_128_quant');
  const fromFile = await house.load({ name: 'file', source: file }, 8);
  const fromBytes = await house.load({ name: 'bytes', source: await readFile(file) }, 8);
  assert.deepEqual(await answers(fromBytes, 3), await answers(fromFile, 3));
});

testWithShared('a parked model refuses every call and answers the same once restored', async () => {
  const model = await house.load({ name: 'person', source: modelFile('vww_96_int8') }, 8);
  const first = await answers(model, 4);
  const { mapped_bytes: mapped } = model.pool.stats();
  await model.park(1000);
  assert.equal(model.parking().residence, 'parked');
  assert.equal(model.parking().heldBytes, mapped);
  assert.ok(model.parking().packedBytes > model.info.file_bytes);
  await assert.rejects(model.invoke(), /model person: is parked; restore it first/);
  assert.throws(() => model.readOutput(0), /is parked/);
  await assert.rejects(model.park(0), /is parked already/);
  await model.restore();
  assert.equal(model.parking().residence, 'resident');
  assert.equal(model.parking().restores, 1);
  assert.deepEqual(await answers(model, 4), first);
});

testWithShared('a stopped model leaves its pool empty and can be started again', async () => {
  const model = await house.load({ name: 'person', source: modelFile('vww_96_int8') }, 8);
  const first = await answers(model, 4);
  await model.stop();
  await model.stop();
  assert.equal(model.pool.stats().live_bytes, 0);
  assert.throws(() => model.handle, /person is not loaded/);
  await model.start();
  await model.start();
  assert.deepEqual(await answers(model, 4), first);
});

testWithShared('a second model does not fit into a pool that has one', async () => {
  const { Model } = await import('../../app/models/model.ts');
  const first = await house.load({ name: 'first', source: modelFile('vww_96_int8') }, 8);
  const before = await answers(first, 5);
  const second = new Model(house.runtime, first.pool, {
    name: 'second',
    source: modelFile('vww_96_int8'),
  });
  await assert.rejects(second.start(), { name: 'NativeError', status: 'EP_E_BUSY' });
  assert.deepEqual(await answers(first, 5), before);
});

testWithShared(
  'a pool too small refuses its model and leaves the others as they were',
  async () => {
    const neighbour = await house.load({ name: 'person', source: modelFile('vww_96_int8') }, 8);
    const before = await answers(neighbour, 6);
    const pools = house.region.stats().pools;
    for (const quotaKib of [16, 256, 1024, 2048, 3072]) {
      const load = house.load(
        { name: 'too large', source: modelFile('tf2_mobilenet_v2_1.0_224_ptq') },
        quotaKib / 1024,
      );
      await assert.rejects(load, (error: unknown) => {
        assert.ok(error instanceof NativeError, String(error));
        assert.equal(error.status, 'EP_E_POOL_FULL');
        assert.match(error.message, /too large/);
        assert.ok(error.requestedBytes > error.largestFreeBytes);
        assert.ok(error.largestFreeBytes <= error.availableBytes);
        assert.ok(error.availableBytes <= quotaKib * 1024);
        return true;
      });
      assert.equal(house.region.stats().pools, pools);
      assert.deepEqual(await answers(neighbour, 6), before);
    }
  },
);

testWithShared('after a refused load the same pool takes a smaller model', async () => {
  const { Pool } = await import('../../app/memory/pool.ts');
  const { Model } = await import('../../app/models/model.ts');
  const pool = new Pool(house.region, { name: 'small', quotaBytes: 2 * MIB });
  await pool.start();
  const large = new Model(house.runtime, pool, {
    name: 'large',
    source: modelFile('tf2_mobilenet_v2_1.0_224_ptq'),
  });
  await assert.rejects(large.start(), { status: 'EP_E_POOL_FULL' });
  assert.equal(pool.stats().live_bytes, 0);
  pool.check();
  const small = new Model(house.runtime, pool, { name: 'small', source: modelFile('vww_96_int8') });
  await small.start();
  assert.equal((await answers(small, 7)).length, 1);
  await small.stop();
  await pool.stop();
});

testWithShared('what is no model is refused with the name of the file', async () => {
  for (const [source, status] of [
    [modelFile('vww_96_int8').replace('vww', 'none'), 'EP_E_FILE'],
    [new Uint8Array(0), 'EP_E_NOT_A_MODEL'],
    [new TextEncoder().encode('a text of some length, but no model at all'), 'EP_E_NOT_A_MODEL'],
  ] as const) {
    await assert.rejects(house.load({ name: 'broken', source }, 1), (error: unknown) => {
      assert.ok(error instanceof NativeError, String(error));
      assert.equal(error.status, status);
      assert.match(error.message, typeof source === 'string' ? /none_96_int8/ : /broken/);
      return true;
    });
  }
});

testWithShared('an output or input that there is none of is refused', async () => {
  const model = await house.load({ name: 'person', source: modelFile('vww_96_int8') }, 8);
  assert.throws(() => model.readOutput(1), RangeError);
  assert.throws(() => model.writeInput(0, new Uint8Array(5)), { status: 'EP_E_ARGUMENT' });
});

testWithShared('models load side by side off the event loop', async () => {
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  const models = await Promise.all([
    house.load({ name: 'a', source: modelFile('tf2_mobilenet_v2_1.0_224_ptq') }, 24),
    house.load({ name: 'b', source: modelFile('mobilenet_v2_1.0_224_quant') }, 24),
  ]);
  clearInterval(timer);
  assert.equal(models.length, 2);
  assert.ok(turns > 0, 'the event loop did not turn while the models loaded');
});

testWithShared('loads that are refused at the same time each tell their own story', async () => {
  const names = ['first', 'second', 'third'];
  const outcomes = await Promise.allSettled(
    names.map((name, index) =>
      house.load({ name, source: modelFile('tf2_mobilenet_v2_1.0_224_ptq') }, index + 1),
    ),
  );
  for (const [index, outcome] of outcomes.entries()) {
    assert.equal(outcome.status, 'rejected');
    const error = (outcome as PromiseRejectedResult).reason as NativeError;
    assert.match(error.message, new RegExp(names[index] as string));
    assert.ok(error.availableBytes <= (index + 1) * MIB);
  }
});
