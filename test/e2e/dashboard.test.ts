/** The page of the real program in a real Chromium, /metrics for Prometheus' own linter. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'puppeteer-core';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { openBrowser, openPage, photograph, textOf } from '../support/browser.ts';
import { Edgepool } from '../support/edgepool.ts';
import { readReport } from '../support/report.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { until } from '../support/until.ts';

const scratch = scratchFolder();
const folder = join(scratch.path, 'models');
const report = join(scratch.path, 'report.json');
const TOKEN = 'a-token-of-more-than-sixteen';
const WIDE = [1100, 900] as const;
/** As wide as a phone. */
const NARROW = [390, 844] as const;

let broker: Mosquitto;
let program: Edgepool;
let browser: Browser;
let url: string;

before(async () => {
  mkdirSync(folder);
  for (const name of ['tiny', 'tiny_int8', 'mobilenet_v3_small_int8']) {
    copyFileSync(`${ROOT}build/models/${name}.tflite`, join(folder, `${name}.tflite`));
  }
  broker = new Mosquitto(await freePort());
  await broker.start();
  const models = ['mobilenet_v3_small_int8', 'tiny'].flatMap((name) => [
    '--model',
    join(folder, `${name}.tflite`),
  ]);
  program = new Edgepool(['run', ...models, '--broker', broker.url, '--report', report], {
    environment: {
      EDGEPOOL_CONTROL_SOCKET: join(scratch.path, 'control.sock'),
      EDGEPOOL_DASHBOARD_PORT: '0',
      EDGEPOOL_DASHBOARD_TOKEN_FILE: scratch.write('token', TOKEN),
      EDGEPOOL_REGION_CAPACITY_MB: '96',
      EDGEPOOL_PARKING_DISK_MB: '32',
      STATE_DIRECTORY: join(scratch.path, 'state'),
      EDGEPOOL_SNAPSHOTS_FOLDER: join(scratch.path, 'pictures'),
    },
  });
  await program.says('ready');
  const line = program.lines().find(({ msg }) => msg.startsWith('page: '));
  url = line?.msg.replace('page: ', '') ?? '';
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  program.child.kill('SIGKILL');
  await broker.remove();
});

const command = (name: string, args: object, token = TOKEN) =>
  fetch(`${url}/api/commands/${name}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(args),
  });

test("Prometheus' own linter accepts what /metrics says", async () => {
  const input = await (await fetch(`${url}/metrics`)).text();
  assert.match(input, /^edgepool_frames_captured_total \d+$/m);
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input,
    encoding: 'utf8',
  });
  assert.deepEqual([status, stdout, stderr], [0, '', '']);
});

test('commands need the token, and a wrong one is answered with why', async () => {
  assert.equal((await command('set', { model: 'tiny', every: 2 }, 'wrong')).status, 403);
  assert.equal((await command('set', { model: 'tiny', every: 2 })).status, 200);
  assert.equal((await command('snapshot', { width: 64 })).status, 200);
  const refused = await command('set', { model: 'nobody', every: 2 });
  assert.equal(refused.status, 400);
  assert.match(((await refused.json()) as { error: string }).error, /nobody/);
});

/** A tab behind others is not drawn, so its next frame is nothing to wait for. */
const shows = (page: Page, condition: string) =>
  page.waitForFunction(condition, { polling: 100, timeout: 30_000 });

/** Colours that the map shows. */
const coloursOf = (page: Page): Promise<number> =>
  page.$eval('#map', (element) => {
    const canvas = element as unknown as { width: number; height: number } & {
      getContext(kind: string): { getImageData(...box: number[]): { data: Uint8ClampedArray } };
    };
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set<string>();
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] === 255) colours.add(`${data[at]} ${data[at + 1]} ${data[at + 2]}`);
    }
    return colours.size;
  });

/** What the strips of the pools said, one after the other. */
const KEEP_POOLS = `
  window.pools = [document.querySelector('#pools').textContent];
  new MutationObserver(() => {
    const text = document.querySelector('#pools').textContent;
    if (text !== window.pools.at(-1)) window.pools.push(text);
  }).observe(document.querySelector('#pools'), { childList: true })`;

test('three viewers see frames, pools, a switch and a broker that is gone', async () => {
  const views = await Promise.all([
    openPage(browser, url, WIDE),
    openPage(browser, url, WIDE),
    openPage(browser, url, NARROW),
  ]);
  for (const { page } of views) {
    await shows(page, "document.querySelectorAll('.pool canvas').length >= 3");
    // Only a tab in front asks for pictures.
    await page.bringToFront();
    const pictured = "document.querySelector('figcaption')?.textContent ?? ''";
    await shows(page, `/^camera, frame \\d+, \\d+ ms ago$/.test(${pictured})`);
    const shown = await page.evaluate(pictured);
    await shows(page, `(${pictured}) !== '${shown}'`);
    assert.equal(await textOf(page, '#kept'), 'Snapshots taken of camera: 1');
    const first = await textOf(page, '#mqtt');
    await shows(page, `document.querySelector('#mqtt').textContent !== '${first}'`);
    // Two models, frames, the runtime, free chunks.
    assert.ok((await coloursOf(page)) >= 5);
    const wide = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    assert.equal(wide, 0, 'nothing sticks out');
  }
  const [{ page } = assert.fail(), , narrow] = views;
  await page.bringToFront();
  await photograph(page, 'live');
  await narrow?.page.bringToFront();
  if (narrow) await photograph(narrow.page, 'live-390');
  await page.bringToFront();
  await shows(page, "document.querySelector('#to').options.length === 3");
  await page.evaluate(KEEP_POOLS);
  await page.select('#from', 'tiny');
  await page.select('#to', 'tiny_int8.tflite');
  await page.type('#token', TOKEN);
  const under = "document.querySelector('#answer').textContent";
  const meanwhile = await page.evaluate(
    `document.querySelector('#switch button').click(); ${under}`,
  );
  assert.equal(meanwhile, 'switch is under way…');
  await photograph(page, 'switching');
  await shows(page, "document.querySelector('#answer').textContent.startsWith('done')");
  await shows(page, 'window.pools.length >= 2');
  await photograph(page, 'switched');
  // The map goes along with every further one.
  for (const [count, file] of ['tiny', 'tiny_int8', 'tiny'].entries()) {
    assert.equal((await command('switch', { model: 'tiny', file })).status, 200);
    await shows(page, `window.pools.length >= ${count + 3}`);
  }
  await broker.kill();
  await shows(page, "!document.querySelector('#broker').hidden");
  assert.match(await textOf(page, '#broker'), /The broker is away; \d+ messages wait for it/);
  await photograph(page, 'broker-away');
  if (narrow) {
    await narrow.page.bringToFront();
    await shows(narrow.page, "!document.querySelector('#broker').hidden");
    await photograph(narrow.page, 'broker-away-390');
  }
  for (const { complaints } of views) assert.deepEqual(complaints, []);
});

test('where a model waits that is parked is shown, and stands in /metrics', async () => {
  const { page, complaints } = await openPage(browser, url, WIDE);
  const legend = "document.querySelector('#legend').textContent";
  const strip = "document.querySelector('#places [data-place=disk]')?.textContent ?? ''";
  const metrics = async () => (await fetch(`${url}/metrics`)).text();
  await shows(page, `${legend}.includes('tiny') && !${legend}.includes('parked')`);
  assert.equal((await command('park', { model: 'tiny', place: 'disk' })).status, 200);
  await shows(page, `${legend}.includes('tiny, parked on disk')`);
  await shows(page, `/^disk: 0\\.\\d MiB of 32\\.0 MiB0 came back$/.test(${strip})`);
  const away = 'edgepool_model_residence{model="tiny",state="away",place="disk"} 1';
  assert.ok((await metrics()).includes(away));
  await photograph(page, 'parked');
  assert.equal((await command('restore', { model: 'tiny' })).status, 200);
  await shows(page, `!${legend}.includes('parked') && (${strip}).includes('1 came back')`);
  assert.match(await metrics(), /^edgepool_place_restores_total{place="disk"} 1$/m);
  assert.deepEqual(complaints, []);
});

test('a model is uploaded from a phone, loaded beside the others and unloaded', async () => {
  const { page, complaints } = await openPage(browser, url, NARROW);
  await shows(page, "document.querySelector('#to').options.length === 3");
  const choose = async (file: string) => {
    const [chooser] = await Promise.all([page.waitForFileChooser(), page.click('#file')]);
    await chooser.accept([file]);
  };
  const answered = (output: string, text: string) =>
    shows(
      page,
      `document.querySelector('${output}').textContent.includes(${JSON.stringify(text)})`,
    );
  await choose(scratch.write('no.tflite', 'no model at all'));
  await page.click('#upload button');
  await answered('#uploaded', 'the token is missing or wrong');
  await page.type('#token', TOKEN);
  await page.click('#upload button');
  await answered('#uploaded', 'not a TensorFlow Lite file');
  await choose(`${ROOT}build/models/tiny.tflite`);
  await page.type('#name', 'phone');
  await page.click('#upload button');
  await answered('#uploaded', 'phone.tflite is there');
  assert.equal(await page.$eval('#to', ({ value }) => value), 'phone.tflite');
  await page.click('#switch [value=load]');
  await answered('#answer', 'done');
  await shows(page, "document.querySelector('#models').textContent.includes('phone')");
  await photograph(page, 'uploaded-390');
  await page.select('#from', 'phone');
  await page.click('#switch [value=unload]');
  await shows(page, "!document.querySelector('#models').textContent.includes('phone')");
  // The browser itself says that a request was refused.
  const own = complaints.filter((text) => !text.startsWith('Failed to load resource'));
  assert.deepEqual(own, []);
});

test('every frame is answered while three look on', async () => {
  const leaving = new AbortController();
  const counts = async () => {
    const response = await fetch(`${url}/api/live`, { signal: leaving.signal });
    const seen: { captured: number; completed: number }[] = [];
    const decoder = new TextDecoder();
    let text = '';
    for await (const part of response.body ?? assert.fail()) {
      text += decoder.decode(part as Uint8Array, { stream: true });
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const state = /^event: state\ndata: (.*)$/.exec(event)?.[1];
        if (state !== undefined) seen.push(JSON.parse(state).frames);
      }
      if (seen.length >= 8) return seen;
    }
    return seen;
  };
  for (const seen of await Promise.all([counts(), counts(), counts()])) {
    const [first, last] = [seen[0] ?? assert.fail(), seen.at(-1) ?? assert.fail()];
    assert.ok(last.captured - first.captured > 60, JSON.stringify([first, last]));
    const left = last.captured - first.captured - (last.completed - first.completed);
    assert.ok(Math.abs(left) <= 3, JSON.stringify([first, last]));
  }
  leaving.abort();
});

test('a program that is gone is said to be gone', async () => {
  const { page } = await openPage(browser, url, WIDE);
  await shows(page, "document.querySelector('#fps').textContent !== '–'");
  program.child.kill('SIGTERM');
  const { status } = await program.end();
  assert.equal(status, 0, program.err);
  await shows(page, "!document.querySelector('#lost').hidden");
  const { frames, steady_state: steady } = readReport(report);
  assert.equal(frames.dropped.no_slot, 0);
  assert.deepEqual([steady.minor_faults, steady.foreign_allocations], [0, 0]);
  await until('the port is free', async () => (await fetch(url).catch(() => null)) === null);
});
