/** What the default job loses while three look on: nothing. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'puppeteer-core';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import { openBrowser, openPage, type View } from '../support/browser.ts';
import { Edgepool } from '../support/edgepool.ts';
import { readReport } from '../support/report.ts';
import { scratchFolder } from '../support/scratch.ts';
import { until } from '../support/until.ts';

const scratch = scratchFolder();
const SIZES = [
  [1100, 900],
  [800, 600],
  [390, 844],
] as const;
/** Ten seconds of them. */
const FRAMES = 300;
/** Of a machine that does other things too. */
const FPS_MARGIN = 0.9;
const HITS_MARGIN = 0.1;
const PICTURES_A_SECOND = 5;
let browser: Browser;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

/** The default job for so many frames, looked at by so many. */
async function job(viewers: number): Promise<{ report: Snapshot; updates: number[] }> {
  const report = join(scratch.path, `report-${viewers}.json`);
  const program = new Edgepool(['run', '--broker', 'none', '--report', report], {
    environment: {
      EDGEPOOL_CONTROL_SOCKET: join(scratch.path, `control-${viewers}.sock`),
      EDGEPOOL_DASHBOARD_PORT: '0',
    },
  });
  try {
    await program.says('ready');
    const line = program.lines().find(({ msg }) => msg.startsWith('page: '));
    const url = line?.msg.replace('page: ', '') ?? '';
    const views = await Promise.all(
      SIZES.slice(0, viewers).map((size) => openPage(browser, url, size)),
    );
    for (const { page } of views) await page.evaluate(COUNT_UPDATES);
    const captured = async () => {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      return Number(/^edgepool_frames_captured_total (\d+)$/m.exec(metrics)?.[1]);
    };
    await until('enough frames', async () => (await captured()) >= FRAMES, 30_000);
    const updates = await Promise.all(views.map(leave));
    program.child.kill('SIGTERM');
    const { status, err } = await program.end();
    assert.equal(status, 0, err);
    return { report: readReport(report), updates };
  } finally {
    program.child.kill('SIGKILL');
  }
}

/** The figures are written anew with every news, whether or not they are the same. */
const COUNT_UPDATES = `
  window.updates = { since: performance.now(), count: 0 };
  new MutationObserver(() => { window.updates.count += 1; })
    .observe(document.querySelector('#fps'), { childList: true })`;

/** Updates a second that the page has shown. */
async function leave({ page, complaints }: View): Promise<number> {
  assert.match(await page.$eval('figcaption', (caption) => caption.textContent ?? ''), /^camera/);
  const rate = await page.evaluate(
    'window.updates.count * 1000 / (performance.now() - window.updates.since)',
  );
  assert.deepEqual(complaints, []);
  await page.close();
  return rate as number;
}

const dropped = ({ frames }: Snapshot): number =>
  Object.entries(frames.dropped).reduce(
    (sum, [reason, count]) => (reason === 'stopping' ? sum : sum + count),
    0,
  );

test('with three viewers frames, deadlines and drops are as without, and pictures are few', async () => {
  const { report: alone } = await job(0);
  const { report: watched, updates } = await job(3);
  const figures = JSON.stringify(
    [alone, watched].map(({ frames, deadline_hit_ratio: hits, sources }) => {
      return { ...frames, hits, previews: sources[0]?.previews };
    }),
  );
  for (const rate of updates) assert.ok(rate >= 1, `${rate} updates a second`);
  assert.ok(watched.frames.fps >= FPS_MARGIN * alone.frames.fps, figures);
  const hits = [alone, watched].map(({ deadline_hit_ratio: ratio }) => ratio ?? 0);
  assert.ok((hits[1] ?? 0) >= (hits[0] ?? 0) - HITS_MARGIN, figures);
  const most = dropped(alone) + (1 - FPS_MARGIN) * watched.frames.captured;
  assert.ok(dropped(watched) <= most, figures);
  assert.equal(watched.frames.dropped.no_slot, alone.frames.dropped.no_slot, figures);
  assert.deepEqual(
    [watched.steady_state.minor_faults, watched.steady_state.foreign_allocations],
    [0, 0],
    figures,
  );
  const [unseen, seen] = [alone, watched].map(({ sources }) => sources[0]?.previews ?? -1);
  assert.equal(unseen, 0, 'nobody looked');
  const seconds = watched.frames.captured / watched.frames.camera_fps;
  assert.ok((seen ?? 0) > 0 && (seen ?? 0) <= PICTURES_A_SECOND * seconds + 2, figures);
});
