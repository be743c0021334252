import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from '../../app/stats/histogram.ts';
import { latency } from '../../app/stats/latency.ts';
import { Random, seeds } from '../support/random.ts';

const SHARES = [0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1];

/** The definition, on all samples: the smallest that at least `share` of them are not above. */
function exactMs(sorted: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return (sorted[rank - 1] ?? 0) / 1e6;
}

for (const [name, draw] of Object.entries({
  'evenly spread': (random: Random) => random.integer(1, 50_000_000),
  'spread over nine powers of ten': (random: Random) => 10 ** (random.next() * 9),
  'two humps': (random: Random) => (random.next() < 0.97 ? 4e6 : 90e6) * (1 + random.next() / 10),
})) {
  test(`percentiles of ${name} durations are right to 1 %`, () => {
    for (const seed of seeds(5)) {
      const random = new Random(seed);
      const samples = Array.from({ length: 20_000 }, () => draw(random));
      const histogram = new Histogram();
      for (const sample of samples) {
        histogram.record(sample);
      }
      samples.sort((a, b) => a - b);
      for (const share of SHARES) {
        const exact = exactMs(samples, share);
        const measured = histogram.percentileMs(share);
        assert.ok(
          Math.abs(measured - exact) <= exact * 0.01,
          `seed ${seed}, share ${share}: ${measured} ms for ${exact} ms`,
        );
      }
    }
  });
}

test('the largest duration is kept as it is, and no percentile lies above it', () => {
  const histogram = new Histogram();
  histogram.record(1_234_567);
  assert.equal(histogram.maxMs, 1.234567);
  assert.ok(histogram.percentileMs(1) <= histogram.maxMs);
});

test('powers of two and their neighbours fall into buckets of their own size', () => {
  for (let power = 1; power < 40; power += 1) {
    for (const ns of [2 ** power - 1, 2 ** power, 2 ** power + 1]) {
      const histogram = new Histogram();
      histogram.record(ns);
      histogram.record(ns * 4);
      const error = Math.abs(histogram.percentileMs(0.5) * 1e6 - ns) / ns;
      assert.ok(error <= 0.01 || ns < 128, `${ns} ns is off by ${error}`);
    }
  }
});

test('zero, negative and endless durations are counted at the ends', () => {
  const histogram = new Histogram();
  histogram.record(0);
  histogram.record(-5);
  histogram.record(1e15);
  assert.equal(histogram.count, 3);
  assert.equal(histogram.maxMs, 1e9);
  assert.ok(histogram.percentileMs(0.5) < 1e-5);
});

test('without any duration every figure is 0, and so it is after clear', () => {
  const histogram = new Histogram();
  const zeros = { p50: 0, p95: 0, p99: 0, p999: 0, max: 0 };
  assert.deepEqual(latency(histogram), zeros);
  histogram.record(5e6);
  histogram.clear();
  assert.deepEqual(latency(histogram), zeros);
});
