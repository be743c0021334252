/**
 * A program on a machine of its own that parks a model at a neighbour.
 *   network-child.ts URL TIMEOUT_MS [cluster]
 * Each line that it reads is done: `park`, `restore` or `forget`; then it tells as JSON how that
 * ended.
 */
import { createInterface } from 'node:readline';
import { NeighbourStore } from '../../app/parking/neighbour-store.ts';
import { House } from '../support/house.ts';
import { answer, outside, overwriteFree, SEVERAL_PIECES } from '../support/parked.ts';

const [url = '', timeoutMs, kind] = process.argv.slice(2);
const house = new House(48);
await house.start();
const model = await house.load({ name: 'waits', source: SEVERAL_PIECES }, 16);
const expected = answer(model);
const access = { username: null, password: null, ca: null };
const limits = { expirySeconds: 600, timeoutMs: Number(timeoutMs) };
const store = new NeighbourStore({ url, cluster: kind === 'cluster', ...access, ...limits });
const { place, told } = outside(store);
await place.start();

const does: Record<string, () => Promise<void>> = {
  park: async () => {
    await place.park(model);
    await overwriteFree(house);
  },
  restore: () => place.restore(model),
  forget: async () => place.forget(model),
};
console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface(process.stdin)) {
  const message = await does[line]?.().then(
    () => null,
    (error: Error) => error.message,
  );
  const { residence } = model.parking();
  const same = residence === 'resident' ? answer(model).equals(expected) : null;
  const { parks, restores, failures, lost, written_bytes: written } = place.figures();
  const kinds = told.splice(0).map(({ kind }) => kind);
  const counts = { parks, restores, failures, lost, written };
  console.log(JSON.stringify({ message, residence, same, kinds, ...counts }));
}
await place.stop();
await house.stop();
