/** What the page says of the broker, in a real Chromium. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noMqtt } from '../../app/stats/registry.ts';
import { textOf } from '../support/browser.ts';
import { ShownPage, shows } from '../support/shown-page.ts';
import { snapshot } from '../support/snapshots.ts';

let mqtt = noMqtt();
const shown = new ShownPage({ read: () => snapshot([], { mqtt }) });

test('a broker is called away when there is one, and refusing when it refuses', async () => {
  const { page, complaints } = await shown.open([390, 844]);
  const figure = "document.querySelector('#mqtt').textContent";
  const alarm = "document.querySelector('#broker')";
  await shows(page, "document.querySelector('#fps').textContent === '30.0'");
  assert.equal(await textOf(page, '#mqtt'), '–');
  await shows(page, `${alarm}.hidden`);
  mqtt = { ...noMqtt(), connected: true, protocol: '5', published: 7 };
  await shows(page, `${figure} === '7 sent' && ${alarm}.hidden`);
  mqtt = { ...noMqtt(), published: 7, waiting: 2 };
  await shows(page, `${figure} === 'away' && !${alarm}.hidden`);
  assert.equal(await textOf(page, '#broker'), 'The broker is away; 2 messages wait for it.');
  mqtt = { ...noMqtt(), refused: 'Not authorized' };
  await shows(page, `${alarm}.textContent.includes('Not authorized')`);
  assert.equal(await textOf(page, '#mqtt'), 'away');
  assert.deepEqual(complaints, []);
});
