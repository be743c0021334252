/** The page's picture of where models are, in a real Chromium. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'puppeteer-core';
import type { MemoryView } from '../../app/dashboard/memory-view.ts';
import { photograph, textOf } from '../support/browser.ts';
import { ShownPage, shows } from '../support/shown-page.ts';
import { lendingSnapshot, modelSnapshot, parkingSnapshot, snapshot } from '../support/snapshots.ts';

const CHUNK = 16384;
let parking = parkingSnapshot(['here']);
let chunks: MemoryView['chunks'] = [
  [1, 700],
  [3, 384],
  [0, 3012],
];
const shown = new ShownPage({
  read: () => snapshot([modelSnapshot('here', 'cat')], { parking }),
  memory: () => ({
    ...{ chunk_bytes: CHUNK, chunks },
    pools: [
      { id: 1, name: 'here', blocks: [48, -16] },
      { id: 2, name: 'waits', blocks: [] },
      { id: 3, name: 'comes', blocks: [] },
    ],
  }),
});

/** Share of a picture by colour, in order of the first pixel of each. */
const sharesOf = (page: Page, selector: string): Promise<Record<string, number>> =>
  page.$eval(selector, (element) => {
    const canvas = element as unknown as { width: number; height: number } & {
      getContext(kind: string): { getImageData(...box: number[]): { data: Uint8ClampedArray } };
    };
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    const shares: Record<string, number> = {};
    for (let at = 0; at < data.length; at += 4) {
      const colour = `${data[at]} ${data[at + 1]} ${data[at + 2]}`;
      shares[colour] = (shares[colour] ?? 0) + 1 / (width * height);
    }
    return shares;
  });

/** Of what is not there: the holes in the cells of parked models. */
const HOLE = '13 18 24';
const LENT = '195 207 219';

const legend = (page: Page): Promise<string[]> =>
  page.$$eval('#legend li', (items) => items.map(({ textContent }) => textContent ?? ''));

test('the legend says where every model is, and each place shows what waits there', async () => {
  const { page, complaints } = await shown.open([390, 844]);
  await shows(page, "document.querySelectorAll('#places canvas').length === 1");
  assert.deepEqual(await legend(page), [
    'here',
    'waits, parked on disk',
    'comes, restoring, on disk',
    'free',
  ]);
  assert.equal(
    await textOf(page, '#places'),
    'disk: 12.0 MiB of 64.0 MiB, compressed from 14.0 MiB6 came back, 1 lost, 2 not taken, 1.0 ms a MiB',
  );
  const shares = Object.values(await sharesOf(page, '#places canvas'))
    .filter((share) => share > 0.02)
    .map((share) => Math.round(share * 32));
  // Two of six MiB each, and what is free of the 64.
  assert.deepEqual(shares, [3, 3, 26]);
  const wide = await page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  assert.equal(wide, 0, 'nothing sticks out');
  await photograph(page, 'places-390');
  assert.deepEqual(complaints, []);
});

test('it changes as models move, and the region is a place while models wait in it', async () => {
  const { page, complaints } = await shown.open([1100, 900]);
  await shows(page, "document.querySelector('#legend').textContent.includes('restoring')");
  const [memory, disk] = parkingSnapshot().places;
  assert.ok(memory !== undefined && disk !== undefined);
  const live = { live_bytes: 6 << 20, packed_bytes: 6 << 20 };
  const figures = { held_bytes: 6 << 20, ...live, window_bytes: 8 << 20, park_ms: 1 };
  parking = {
    places: [
      { ...memory, held_bytes: 6 << 20, live_bytes: 6 << 20, models: 1 },
      { ...disk, held_bytes: 0, live_bytes: 0, models: 0 },
    ],
    models: [
      { model: 'here', place: null, state: 'resident', ...figures },
      { model: 'waits', place: null, state: 'resident', ...figures },
      { model: 'comes', place: 'memory', state: 'packed', ...figures },
    ],
    lending: null,
  };
  await shows(page, "document.querySelectorAll('#places canvas').length === 2");
  assert.deepEqual(await legend(page), ['here', 'waits', 'comes, parked, packed', 'free']);
  assert.ok(((await sharesOf(page, '#map'))[HOLE] ?? 0) > 0, 'its cells are hollow');
  const text = await textOf(page, '#places [data-place=memory]');
  assert.equal(text, 'memory: 6.0 MiB0 came back');
  await photograph(page, 'places');
  parking = { ...parking, places: [{ ...memory }], models: parking.models.slice(0, 1) };
  await shows(page, "document.querySelector('#places').childElementCount === 0");
  // The browser complains of who reads a picture twice.
  assert.deepEqual(complaints, []);
  assert.equal((await sharesOf(page, '#map'))[HOLE], undefined, 'nobody is parked');
});

test('what is lent is of nobody in the map, and a strip of its own says how much', async () => {
  parking = { places: [], models: parking.models.slice(0, 1), lending: lendingSnapshot() };
  chunks = [
    [1, 700],
    [65535, 3072],
    [0, 324],
  ];
  const { page, complaints } = await shown.open([390, 844]);
  await shows(page, "document.querySelectorAll('#lent canvas').length === 1");
  assert.deepEqual(await legend(page), ['here', 'waits', 'comes', 'lent', 'free']);
  assert.equal(
    await textOf(page, '#lent'),
    'lent: 48.0 MiB of 64.0 MiB' +
      'the server holds 12.0 MiB of 64.0 MiB, 30 extents went, 6 came back, 1 failed',
  );
  const map = await sharesOf(page, '#map');
  // Half of each of three quarters of the cells, without what is between them and on the cut.
  assert.ok((map[LENT] ?? 0) > 0.15 && (map[LENT] ?? 0) < 0.375, `${map[LENT]}`);
  const shares = Object.entries(await sharesOf(page, '#lent canvas'));
  assert.equal(Math.round((new Map(shares).get(LENT) ?? 0) * 16), 12);
  const wide = await page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  assert.equal(wide, 0, 'nothing sticks out');
  await photograph(page, 'lent-390');
  chunks = [
    [1, 700],
    [0, 3396],
  ];
  parking = { ...parking, lending: null };
  await shows(page, "document.querySelector('#lent').childElementCount === 0");
  await shows(page, "!document.querySelector('#legend').textContent.includes('lent')");
  assert.deepEqual(complaints, []);
});
