/**
 * A program that parks a model on a disk and to which something happens.
 *   disk-child.ts cut FOLDER    it is killed after the first piece
 *   disk-child.ts full FOLDER   the folder's disk is full; tells as JSON how it ended
 */
import { readdirSync } from 'node:fs';
import { DiskStore } from '../../app/parking/disk-store.ts';
import { House } from '../support/house.ts';
import { afterEachPiece, answer, outside, SEVERAL_PIECES } from '../support/parked.ts';

const [what, folder = ''] = process.argv.slice(2);

/** Does not survive its first piece. */
class CutStore extends DiskStore {
  override async create(block: string) {
    const incoming = await super.create(block);
    return afterEachPiece(incoming, () => void process.kill(process.pid, 'SIGKILL'));
  }
}

const house = new House(32);
await house.start();
const model = await house.load({ name: 'stays', source: SEVERAL_PIECES }, 16);
const expected = answer(model);
const { place, told } = outside(what === 'cut' ? new CutStore(folder) : new DiskStore(folder));
await place.start();
const message = await place.park(model).then(
  () => null,
  (error: Error) => error.message,
);
const { residence } = model.parking();
const same = residence === 'resident' && answer(model).equals(expected);
console.log(JSON.stringify({ message, told, residence, same, left: readdirSync(folder) }));
await house.stop();
