/**
 * On a machine with neighbours: how long a model takes to come back from each of them, beside what
 * unsealing it takes and beside a memory card. Tells one JSON line.
 *   node.ts FILE ROUNDS URL...
 */
import { open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Model } from '../../app/models/model.ts';
import { NeighbourStore } from '../../app/parking/neighbour-store.ts';
import { pieceSizes } from '../../app/parking/pieces.ts';
import { House, MIB } from '../../test/support/house.ts';
import { answer, outside } from '../../test/support/parked.ts';

/** What a Raspberry Pi's card gives. */
const CARD_BYTES_PER_SECOND = 43e6;
const PATIENCE_MS = 5000;

export interface Measured {
  packed_bytes: number;
  file_bytes: number;
  unseal_ms: number[];
  neighbour_ms: number[];
  card_ms: number[];
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await action();
  return performance.now() - begin;
}

/** All of its pieces, from this process's own memory. */
async function unsealing(model: Model): Promise<number> {
  await model.park(PATIENCE_MS);
  await model.pack();
  const pieces: Buffer[] = [];
  for (const [number, bytes] of pieceSizes(model).entries()) {
    const piece = Buffer.allocUnsafeSlow(bytes);
    await model.sealPiece(0, number, piece);
    pieces.push(piece);
  }
  await model.sendAway();
  const ms = await timed(async () => {
    for (const [number, piece] of pieces.entries()) await model.unsealPiece(0, number, piece);
  });
  await model.restore();
  return ms;
}

/** Its file at a card's pace, then a load, whose own reading is from memory. */
async function fromCard(model: Model, file: string): Promise<number> {
  await model.stop();
  return timed(async () => {
    const handle = await open(file);
    const piece = Buffer.alloc(MIB);
    const begin = performance.now();
    for (let done = 0; ; ) {
      const { bytesRead } = await handle.read(piece, 0, piece.length, done);
      if (bytesRead === 0) break;
      done += bytesRead;
      const early = (done / CARD_BYTES_PER_SECOND) * 1000 - (performance.now() - begin);
      if (early > 0) await sleep(early);
    }
    await handle.close();
    await model.start();
  });
}

const [file = '', rounds, ...urls] = process.argv.slice(2);
const { size } = await stat(file);
const quotaMib = Math.ceil((3 * size) / MIB) + 16;
const house = new House(2 * quotaMib);
await house.start();
const model = await house.load({ name: 'measured', source: file }, quotaMib);
const expected = answer(model);
const access = { username: null, password: null, ca: null };
const places = urls.map(
  (url) =>
    outside(new NeighbourStore({ url, ...access, expirySeconds: 600, timeoutMs: 5000 })).place,
);
for (const place of places) await place.start();
const measured: Measured = {
  ...{ packed_bytes: 0, file_bytes: size },
  ...{ unseal_ms: [], neighbour_ms: [], card_ms: [] },
};
for (let round = 0; round < Number(rounds); round += 1) {
  for (const place of places) {
    measured.unseal_ms.push(await unsealing(model));
    await place.park(model);
    measured.packed_bytes = model.parking().packedBytes;
    measured.neighbour_ms.push(await timed(() => place.restore(model)));
    if (!answer(model).equals(expected)) throw new Error(`${file}: answers otherwise`);
  }
  measured.card_ms.push(await fromCard(model, file));
}
const lost = places.reduce((sum, place) => sum + place.figures().lost, 0);
if (lost > 0) throw new Error(`${file}: came back from its file ${lost} times`);
console.log(JSON.stringify(measured));
for (const place of places) await place.stop();
await house.stop();
