/** The page's panel of the machine, in a real Chromium. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'puppeteer-core';
import { Dashboard } from '../../app/dashboard/dashboard.ts';
import { noBoard } from '../../app/stats/registry.ts';
import { openBrowser, openPage, textOf } from '../support/browser.ts';
import { boardSnapshot, snapshot } from '../support/snapshots.ts';

let board = boardSnapshot();
let browser: Browser;
const dashboard = new Dashboard({
  config: { port: 0, address: '127.0.0.1', pictures: 'here', token_file: null, upload_max_mb: 1 },
  picture: () => undefined,
  identity: { device: 'board', version: '1.2.3' },
  read: () => snapshot([], { board }),
  memory: () => ({ chunk_bytes: 16384, chunks: [], pools: [] }),
  metrics: { type: 'text/plain', render: async () => '' },
  execute: async () => ({ ok: true }),
  upload: async () => ({ ok: false, error: 'nobody uploads here' }),
  notice: () => undefined,
});

before(async () => {
  await dashboard.start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await dashboard.stop();
});

test('the machine is shown as far as it tells, and warns of what slows it down', async () => {
  const { page, complaints } = await openPage(browser, dashboard.url ?? '', [390, 844]);
  const shows = (condition: string) =>
    page.waitForFunction(condition, { polling: 50, timeout: 10_000 });
  await shows("document.querySelectorAll('#board dd').length === 6");
  const text = await textOf(page, '#board');
  for (const part of ['48.3 °C', '1500 MHz', '1.25', '1.3 %', '0.8 of 1.0 GiB', '0.3 of 0.8 GiB']) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }
  await shows("document.querySelector('#throttling').hidden");
  const fine = boardSnapshot().throttling ?? assert.fail();
  board = boardSnapshot({
    throttling: { ...fine, under_voltage: { now: true, since_start: true } },
  });
  await shows("!document.querySelector('#throttling').hidden");
  assert.equal(await textOf(page, '#throttling'), 'Now the supply is too weak.');
  board = boardSnapshot({ throttling: { ...fine, throttled: { now: false, since_start: true } } });
  await shows("document.querySelector('#throttling').textContent.startsWith('Not now')");
  board = noBoard();
  await shows("document.querySelector('#board').hidden");
  assert.deepEqual(complaints, []);
});
