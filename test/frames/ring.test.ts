import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { framesPool, Ring } from '../../app/frames/ring.ts';
import { Pool } from '../../app/memory/pool.ts';
import { House, MIB } from '../support/house.ts';

const house = new House(32);
before(() => house.start());
after(() => house.stop());

test('slots that grow and shrink take their quota along, and give everything back', async () => {
  const options = { slots: 4, slotBytes: MIB };
  const pool = new Pool(house.region, framesPool('frames', options));
  await pool.start();
  const ring = new Ring(pool, options);
  await ring.start();
  const small = pool.stats();
  await ring.fit(3 * MIB);
  const large = pool.stats();
  assert.ok(large.quota_bytes >= small.quota_bytes + 10 * MIB, `${large.quota_bytes}`);
  assert.ok(large.mapped_bytes >= small.mapped_bytes + 8 * MIB, `${large.mapped_bytes}`);
  await ring.fit(MIB);
  const back = pool.stats();
  assert.equal(back.quota_bytes, small.quota_bytes);
  assert.ok(back.mapped_bytes <= small.mapped_bytes, `${back.mapped_bytes}`);
  await assert.rejects(ring.fit(9 * MIB), { status: 'EP_E_REGION_FULL' });
  assert.equal(pool.stats().quota_bytes, small.quota_bytes);
  await ring.stop();
  await pool.stop();
});
