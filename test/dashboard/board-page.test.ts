/** The page's panel of the machine, in a real Chromium. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noBoard } from '../../app/stats/registry.ts';
import { textOf } from '../support/browser.ts';
import { ShownPage, shows } from '../support/shown-page.ts';
import { boardSnapshot, snapshot } from '../support/snapshots.ts';

let board = boardSnapshot();
const shown = new ShownPage({ read: () => snapshot([], { board }) });

test('the machine is shown as far as it tells, and warns of what slows it down', async () => {
  const { page, complaints } = await shown.open([390, 844]);
  await shows(page, "document.querySelectorAll('#board dd').length === 6");
  const text = await textOf(page, '#board');
  for (const part of ['48.3 °C', '1500 MHz', '1.25', '1.3 %', '0.8 of 1.0 GiB', '0.3 of 0.8 GiB']) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }
  await shows(page, "document.querySelector('#throttling').hidden");
  const fine = boardSnapshot().throttling ?? assert.fail();
  board = boardSnapshot({
    throttling: { ...fine, under_voltage: { now: true, since_start: true } },
  });
  await shows(page, "!document.querySelector('#throttling').hidden");
  assert.equal(await textOf(page, '#throttling'), 'Now the supply is too weak.');
  board = boardSnapshot({ throttling: { ...fine, throttled: { now: false, since_start: true } } });
  await shows(page, "document.querySelector('#throttling').textContent.startsWith('Not now')");
  board = noBoard();
  await shows(page, "document.querySelector('#board').hidden");
  assert.deepEqual(complaints, []);
});
