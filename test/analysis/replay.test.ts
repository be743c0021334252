import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse, histogramOf } from '../../app/analysis/analysis.ts';
import { type Owner, ownersOf } from '../../app/analysis/owners.ts';
import { replay } from '../../app/analysis/replay.ts';
import { readTrace, type Step, type Trace } from '../../app/analysis/trace.ts';
import { Random, seeds } from '../support/random.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();

/** A trace from the steps that matter; one microsecond apart. */
function traceOf(...steps: Partial<Step>[]): Trace {
  const usual: Omit<Step, 'timeNs'> = {
    offset: 0,
    oldOffset: 0,
    bytes: 0,
    alignment: 16,
    thread: 1,
    operation: 'alloc',
    phase: 'interpreter',
  };
  return {
    baseAddress: 4096n,
    steps: steps.map((step, index) => ({ ...usual, timeNs: index * 1000, ...step })),
  };
}

const counted = {
  peakBytes: 900,
  liveBytes: 500,
  liveBlocks: 2,
  allocations: 3,
  externalFragmentation: 0,
  internalFragmentation: 0,
  fits: [
    { chunkBytes: 16384, mappedBytes: 16384, poolBytes: 16384 },
    { chunkBytes: 32768, mappedBytes: 32768, poolBytes: 32768 },
  ],
  ends: Buffer.of(0b010),
};

test('live bytes, the peak and lifetimes follow every step, resizes too', () => {
  const { lives, live, peakStep } = replay(
    traceOf(
      { offset: 0, bytes: 100 },
      { offset: 200, bytes: 50 },
      { operation: 'resize', offset: 400, oldOffset: 0, bytes: 300 },
      { operation: 'free', offset: 200 },
    ),
  );
  assert.deepEqual(live, [100, 150, 350, 300]);
  assert.equal(peakStep, 2);
  assert.deepEqual(
    lives.map(({ born, died }) => [born, died]),
    [
      [0, 2],
      [1, 3],
      [2, null],
    ],
  );
});

test('a trace that contradicts itself is told from a sound one', () => {
  const twice = traceOf({ bytes: 1 }, { bytes: 1 });
  assert.throws(() => replay(twice), /step 1: a block where one is already/);
  const never = traceOf({ operation: 'free', offset: 64 });
  assert.throws(() => replay(never), /step 0: frees a block that is not there/);
});

test('random traces: what is live is what a shadow model says', () => {
  for (const seed of seeds(3)) {
    const random = new Random(seed);
    const shadow = new Map<number, number>();
    const steps: Partial<Step>[] = [];
    const sums: number[] = [];
    for (let index = 0; index < 500; index += 1) {
      const offset = 16 * random.integer(0, 40);
      const bytes = random.integer(1, 5000);
      if (shadow.has(offset)) {
        shadow.delete(offset);
        steps.push({ operation: 'free', offset });
      } else {
        shadow.set(offset, bytes);
        steps.push({ offset, bytes });
      }
      sums.push([...shadow.values()].reduce((sum, value) => sum + value, 0));
    }
    const { live, peakStep } = replay(traceOf(...steps));
    assert.deepEqual(live, sums, `seed ${seed}`);
    assert.equal(live[peakStep], Math.max(...sums), `seed ${seed}`);
  }
});

test('who asked is told from phase, size, alignment and order', () => {
  const { lives } = replay(
    traceOf(
      { phase: 'read', offset: 0, bytes: 90_000, alignment: 64 },
      { phase: 'interpreter', offset: 100_000, bytes: 40 },
      { phase: 'delegate', offset: 200_000, bytes: 30_000, alignment: 64 },
      { phase: 'delegate', offset: 300_000, bytes: 5_000 },
      { phase: 'delegate', offset: 400_000, bytes: 20_000, alignment: 64 },
      { phase: 'interpreter', offset: 500_000, bytes: 7_000 },
      { phase: 'interpreter', offset: 600_000, bytes: 2_000 },
      { phase: 'first invoke', offset: 700_000, bytes: 4_000 },
      { phase: 'later invokes', offset: 800_000, bytes: 4_000 },
    ),
  );
  const expected: Owner[] = [
    'file',
    'small objects',
    'packed weights',
    'small objects',
    'delegate workspace',
    'arena',
    'small objects',
    'scratch',
    'scratch',
  ];
  const owners = ownersOf(lives);
  assert.deepEqual(
    lives.map((life) => owners.get(life)),
    expected,
  );
});

test('classes of sizes hold every request, from the first that is not empty', () => {
  assert.deepEqual(histogramOf([]), []);
  const classes = histogramOf([33, 64, 65, 1000]);
  assert.deepEqual(
    classes.map(({ up_to_bytes, count, bytes }) => [up_to_bytes, count, bytes]),
    [
      [64, 2, 97],
      [128, 1, 65],
      [256, 0, 0],
      [512, 0, 0],
      [1024, 1, 1000],
    ],
  );
  assert.equal(histogramOf([0])[0]?.up_to_bytes, 16);
});

test('the chunk that wastes less is taken, both figures kept, at a tie the larger', () => {
  const trace = traceOf({ bytes: 500 });
  const better = analyse(trace, counted);
  assert.equal(better.pool.chunk_bytes, 16384);
  assert.deepEqual(
    better.chunks.map((chunk) => chunk.waste_bytes),
    [15484, 31868],
  );
  assert.equal(better.pool.ends, '02');
  assert.match(better.pool.why, /16 KiB chunks waste 15\.1 KiB, 32 KiB chunks waste 31\.1 KiB/);
  const fits = counted.fits.map((fit) => ({ ...fit, mappedBytes: 65536 }));
  assert.equal(analyse(trace, { ...counted, fits }).pool.chunk_bytes, 32768);
});

test('phases have what was asked for in them', () => {
  const { phases } = analyse(
    traceOf(
      { phase: 'read', offset: 0, bytes: 4000 },
      { phase: 'tensors', offset: 5000, bytes: 100 },
      { phase: 'tensors', offset: 6000, bytes: 300, thread: 2 },
      { phase: 'first invoke', operation: 'free', offset: 5000 },
    ),
    counted,
  );
  const tensors = phases.find(({ phase }) => phase === 'tensors');
  assert.deepEqual(tensors, {
    phase: 'tensors',
    allocations: 2,
    frees: 0,
    bytes: 400,
    largest_bytes: 300,
    kept: 1,
    median_life_us: 2,
    peak_bytes: 4400,
    threads: 2,
  });
});

test('what is no whole record is refused with its name', () => {
  for (const text of ['', 'EPTRACE1', 'EPTRACE1'.padEnd(100, 'x'), 'a text and no record at all']) {
    const file = scratch.write('broken.trace', text);
    assert.throws(() => readTrace(file), /broken\.trace: not a whole record/);
  }
});
