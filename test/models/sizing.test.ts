import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delegateName } from '../../app/models/delegate-name.ts';
import { sizePool, sizeRegion } from '../../app/models/sizing.ts';
import { Delegate } from '../../app/native/constants.ts';

test('a pool is the peak and a fifth of it, in whole chunks', () => {
  assert.equal(sizePool(100_000, 16384), 8 * 16384);
  assert.equal(sizePool(16384 * 5, 16384), 6 * 16384);
  assert.equal(sizePool(1, 32768), 32768);
  assert.equal(sizePool(10_000_000, 2 << 20), 6 * (2 << 20));
});

test('a region leaves its reserve free when all its pools are taken', () => {
  const pools = [5_000_000, 17_000_000, 1];
  for (const reserve of [0, 0.3, 0.5]) {
    const capacity = sizeRegion(pools, reserve);
    const taken = pools.reduce((sum, bytes) => sum + bytes, 0);
    assert.equal(capacity % (2 << 20), 0);
    assert.ok((capacity - taken) / capacity >= reserve);
    assert.ok(capacity - (2 << 20) < taken / (1 - reserve));
  }
});

test('the name of a delegate says what was refused on the way', () => {
  const { none, xnnpack } = Delegate;
  assert.equal(delegateName(Delegate['xnnpack+qs8'], Delegate['xnnpack+qs8']), 'xnnpack+qs8');
  assert.equal(delegateName(xnnpack, Delegate['xnnpack+qu8']), 'xnnpack (qu8 refused)');
  assert.equal(delegateName(none, Delegate['xnnpack+qu8']), 'none (xnnpack+qu8 refused)');
  assert.equal(
    delegateName(Delegate['xnnpack+qu8'], Delegate['xnnpack+qs8+qu8']),
    'xnnpack+qu8 (qs8 refused)',
  );
  assert.equal(delegateName(none, none), 'none');
});
