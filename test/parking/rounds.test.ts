/**
 * Every model through every place, again and again. A few rounds of small models here; all of them
 * by `make park-rounds`, which sets:
 *   PARK_ROUNDS    how often each model with each setting
 *   PARK_SECONDS   ends earlier then, and goes on there the next time
 *   PARK_PROGRESS  the file that remembers how far it is
 */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { House } from '../support/house.ts';
import { ParkRounds } from '../support/park-rounds.ts';
import { Random, seeds } from '../support/random.ts';
import { scratchFolder } from '../support/scratch.ts';
import { MODELS, madeModels, modelFile, testWithMade, testWithShared } from '../support/shared.ts';
import { Ways } from '../support/ways.ts';

const FEW = 2;
const SMALL_BYTES = 600_000;
const { PARK_ROUNDS, PARK_SECONDS, PARK_PROGRESS } = process.env;
const all = PARK_ROUNDS !== undefined;
const rounds = Number(PARK_ROUNDS ?? FEW);
const seconds = Number(PARK_SECONDS ?? Number.POSITIVE_INFINITY);
const settings = (['auto', 'none'] as const).flatMap((delegate) =>
  (all ? [1, 2, 4] : [1, 4]).map((threads) => ({ delegate, threads })),
);

// Before the folder goes in which models wait.
after(async () => {
  await ways.close();
  await house.stop();
});
const scratch = scratchFolder();
const house = new House(all ? 448 : 64);
const ways = await Ways.open(join(scratch.path, 'parked'));
const [seed = 1] = seeds(1);
const random = new Random(seed);
before(() => house.start());

/** Each kind of models has half of the time. */
async function wander(kind: string, files: readonly string[]): Promise<void> {
  const park = new ParkRounds(house, ways, random, {
    files: files.filter((file) => all || statSync(file).size < SMALL_BYTES),
    settings,
    ...{ rounds, seconds: seconds / 2 },
    progress: PARK_PROGRESS === undefined ? null : `${PARK_PROGRESS}.${kind}.json`,
    say: (line) => {
      if (all) console.log(line);
    },
  });
  await park.run();
  if (all) console.log(park.summary());
  if (seconds === Number.POSITIVE_INFINITY) assert.ok(park.least >= rounds, park.summary());
}

testWithMade('models that set-up makes answer the same wherever they have been', () =>
  wander('made', madeModels()),
);

testWithShared('models beside the checkout answer the same wherever they have been', () =>
  wander('shared', MODELS.map(modelFile)),
);
