import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { MemoryPlace } from '../../app/parking/memory-place.ts';
import { House } from '../support/house.ts';
import { modelFile, testWithShared } from '../support/shared.ts';

const house = new House(64);
before(() => house.start());
afterEach(() => house.clear());
after(() => house.stop());

testWithShared('the place takes what its bound allows, and says what does not fit', async () => {
  const source = modelFile('vww_96_int8');
  const first = await house.load({ name: 'first', source }, 8);
  const second = await house.load({ name: 'second', source }, 8);
  const bytes = first.parking().heldBytes;
  const place = new MemoryPlace({ boundBytes: bytes + 1000, patienceMs: 1000 });
  await place.park(first);
  await assert.rejects(place.park(second), {
    message:
      `model second: its ${bytes} bytes do not fit into the place memory, which holds ${bytes} ` +
      `of ${bytes + 1000}; raise parking.memory_mb or restore another model`,
  });
  assert.equal(second.parking().residence, 'resident');
  assert.deepEqual([place.has(first), place.has(second)], [true, false]);
  await place.restore(first);
  await place.park(second);
  assert.deepEqual(
    place.parked().map(({ model, state, held_bytes }) => ({ model, state, held_bytes })),
    [{ model: 'second', state: 'parked', held_bytes: bytes }],
  );
  const { parks, restores, held_bytes } = place.figures();
  assert.deepEqual([parks, restores, held_bytes], [2, 1, bytes]);
  place.forget(second);
});
