import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  memory,
  type NamedTensorMap,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import { configure, loadTFLiteModel, type PooledTFLiteModel } from '../../app/models/tfjs.ts';
import { loadOriginal } from '../support/original.ts';
import { Random } from '../support/random.ts';
import { MODELS, modelFile, testWithShared } from '../support/shared.ts';

const open: PooledTFLiteModel[] = [];
after(() => {
  for (const model of open) {
    model.dispose();
  }
});

configure({ capacityBytes: 160 * 1024 * 1024, lock: 'off', delegate: 'none' });

/** The same model here and in the package, both on one thread. */
async function both(name: (typeof MODELS)[number]) {
  const pooled = await loadTFLiteModel(modelFile(name), { numThreads: 1 });
  open.push(pooled);
  return { pooled, original: await loadOriginal(modelFile(name), { numThreads: 1 }) };
}

/** What a call gives or throws, and what it warns of. */
function outcome(call: () => Tensor | Tensor[] | NamedTensorMap): unknown {
  const { warn } = console;
  const warnings: unknown[] = [];
  console.warn = (message: unknown) => warnings.push(message);
  try {
    return { answer: plain(call()), warnings };
  } catch (error) {
    return { error: (error as Error).message, warnings };
  } finally {
    console.warn = warn;
  }
}

function plain(answer: Tensor | Tensor[] | NamedTensorMap): unknown {
  const one = (each: Tensor) => ({
    dtype: each.dtype,
    shape: each.shape,
    values: Array.from(each.dataSync()),
  });
  if ('dataSync' in answer) {
    return one(answer as Tensor);
  }
  return Object.fromEntries(Object.entries(answer).map(([name, each]) => [name, one(each)]));
}

for (const name of MODELS) {
  testWithShared(`${name} has the same inputs and outputs as in the package`, async () => {
    const { pooled, original } = await both(name);
    assert.deepEqual(pooled.inputs, original.inputs);
    assert.deepEqual(pooled.outputs, original.outputs);
  });

  testWithShared(`${name} gives the same tensors as in the package`, async () => {
    const { pooled, original } = await both(name);
    const random = new Random(11);
    for (let round = 0; round < 2; round += 1) {
      const inputs = original.inputs.map(({ shape, dtype }) =>
        tensor(
          Array.from({ length: shape?.reduce((a, b) => a * b, 1) ?? 0 }, () =>
            random.integer(0, 9),
          ),
          shape,
          dtype,
        ),
      );
      const named = Object.fromEntries(original.inputs.map((info, i) => [info.name, inputs[i]]));
      for (const form of [inputs, named as NamedTensorMap]) {
        assert.deepEqual(
          outcome(() => pooled.predict(form)),
          outcome(() => original.predict(form)),
        );
      }
    }
  });
}

testWithShared(
  'every wrong input ends in the same error, and every odd one in the same answer',
  async () => {
    for (const name of ['vww_96_int8', 'vww_96_float', 'mobilenet_v1_0.25_128_quant'] as const) {
      const { pooled, original } = await both(name);
      const shape = original.inputs[0]?.shape as number[];
      const inputName = original.inputs[0]?.name as string;
      const cases: Record<string, () => Tensor | Tensor[] | NamedTensorMap> = {
        'float for integer or itself': () => zeros(shape),
        integer: () => zeros(shape, 'int32'),
        bool: () => zeros(shape, 'bool'),
        'values that do not fit the type': () =>
          tensor(
            Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % 700) - 300),
            shape,
            'int32',
          ),
        string: () => tensor(['a']),
        complex: () => zeros(shape, 'complex64'),
        'wrong batch': () => zeros([2, ...shape.slice(1)], 'int32'),
        'fewer values than the input': () => zeros([1, shape[1] as number], 'int32'),
        'more axes than the input': () => zeros([...shape, 1], 'int32'),
        'one axis longer': () => zeros([...shape, 2], 'int32'),
        'no tensor': () => [],
        'two tensors': () => [zeros(shape), zeros(shape)],
        'unknown name': () => ({ unheard: zeros(shape) }),
        'a name too many': () => ({ [inputName]: zeros(shape, 'int32'), unheard: zeros(shape) }),
      };
      for (const [label, make] of Object.entries(cases)) {
        const inputs = make();
        assert.deepEqual(
          outcome(() => pooled.predict(inputs)),
          outcome(() => original.predict(inputs)),
          `${name}: ${label}`,
        );
      }
      assert.deepEqual(
        outcome(() => pooled.execute([], 'x')),
        outcome(() => (original as PooledTFLiteModel).execute([], 'x')),
      );
    }
  },
);

testWithShared('a model from memory and one from its file give the same', async () => {
  const { readFile } = await import('node:fs/promises');
  const file = await readFile(modelFile('vww_96_int8'));
  const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
  const fromBytes = await loadTFLiteModel(bytes as ArrayBuffer);
  const { pooled } = await both('vww_96_int8');
  const input = tensor(
    Array.from({ length: 96 * 96 * 3 }, (_, i) => i % 127),
    [1, 96, 96, 3],
    'int32',
  );
  assert.deepEqual(
    outcome(() => fromBytes.predict(input)),
    outcome(() => pooled.predict(input)),
  );
  fromBytes.dispose();
});

testWithShared(
  'answers belong to their caller: the next predict does not change them',
  async () => {
    const { pooled } = await both('vww_96_float');
    const before = pooled.predict(zeros([1, 96, 96, 3])) as Tensor;
    const values = Array.from(before.dataSync());
    pooled.predict(tensor(new Float32Array(96 * 96 * 3).fill(1), [1, 96, 96, 3]));
    assert.deepEqual(Array.from(before.dataSync()), values);
  },
);

testWithShared('predict leaves no tensor behind but its answer', async () => {
  const { pooled } = await both('vww_96_float');
  const input = zeros([1, 96, 96, 3]);
  const { numTensors } = memory();
  tidy(() => {
    pooled.predict(input);
  });
  assert.equal(memory().numTensors, numTensors);
});

testWithShared('every model has a pool of its own, cut to its peak and a fifth', async () => {
  const { pooled } = await both('tf2_mobilenet_v2_1.0_224_ptq');
  const { peak_live_bytes, quota_bytes, mapped_bytes } = pooled.poolStats();
  assert.ok(mapped_bytes <= quota_bytes);
  assert.ok(quota_bytes >= peak_live_bytes);
  assert.ok(quota_bytes <= peak_live_bytes * 1.2 + 2 * 1024 * 1024, `${quota_bytes}`);
});

testWithShared('a disposed model gives its pool back and cannot be used', async () => {
  const model = await loadTFLiteModel(modelFile('vww_96_int8'));
  model.dispose();
  model.dispose();
  assert.throws(() => model.predict(zeros([1, 96, 96, 3], 'int32')), /not loaded/);
  assert.throws(() => model.poolStats(), /not started/);
});

testWithShared('models that are forgotten give their pools back', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // Together these need several times the region: without the pools coming back a load is refused.
  for (let round = 0; round < 40; round += 1) {
    await loadTFLiteModel(modelFile('tf2_mobilenet_v2_1.0_224_ptq'), { numThreads: 1 });
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
});

testWithShared('what cannot be loaded is refused, here and in the package', async () => {
  const missing = modelFile('vww_96_int8').replace('vww', 'none');
  for (const source of [missing, new ArrayBuffer(0), new ArrayBuffer(1000)]) {
    await assert.rejects(loadOriginal(source));
    await assert.rejects(loadTFLiteModel(source), { name: 'NativeError' });
  }
});

test('the settings of the region cannot change once it is there', async () => {
  await assert.rejects(loadTFLiteModel(new ArrayBuffer(0)));
  assert.throws(() => configure({ lock: 'required' }), /before the first/);
});

test('a delegate of another kind is refused, not left out', async () => {
  const coral = { name: 'Coral', tfliteVersion: '2.9.0', options: [], node: { path: 'x.so' } };
  await assert.rejects(
    loadTFLiteModel(new ArrayBuffer(0), { delegates: [coral] }),
    /'Coral' is not supported/,
  );
});
