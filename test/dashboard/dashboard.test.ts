import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import { Dashboard, type DashboardOptions } from '../../app/dashboard/dashboard.ts';
import { snapshot } from '../support/snapshots.ts';
import { until } from '../support/until.ts';

const open: Dashboard[] = [];
afterEach(async () => {
  for (const dashboard of open.splice(0)) await dashboard.stop();
});

const asked: [string, unknown][] = [];
const notices: string[] = [];
let chunks: [number, number][] = [[1, 4]];

async function started(config: Partial<DashboardOptions['config']> = {}): Promise<string> {
  const dashboard = new Dashboard({
    config: {
      ...{ port: 0, address: '127.0.0.1', pictures: 'here', token_file: null, upload_max_mb: 1 },
      ...config,
    },
    upload: async () => ({ ok: true }),
    picture: (source) => {
      if (source === 'new') return null;
      const capturedNs = Number(process.hrtime.bigint()) - 40e6;
      return source === 'camera'
        ? { jpeg: Buffer.from('jpeg'), number: 7, capturedNs, due: 2 }
        : undefined;
    },
    identity: { device: 'board', version: '1.2.3' },
    read: () => snapshot([]),
    memory: () => ({
      chunk_bytes: 16384,
      chunks,
      pools: [{ id: 1, name: 'a', blocks: [48, -16] }],
    }),
    metrics: { type: 'text/plain; version=0.0.4', render: async () => 'up 1\n' },
    execute: async (command, args) => {
      asked.push([command, args]);
      return command === 'bad' ? { ok: false, error: 'no' } : { ok: true };
    },
    notice: (message) => notices.push(message),
  });
  open.push(dashboard);
  await dashboard.start();
  await dashboard.start();
  return dashboard.url ?? '';
}

test('page, plots and metrics are served with a strict policy', async () => {
  const url = await started();
  assert.equal(notices.at(-1), `page: ${url}`);
  for (const [place, type, part] of [
    ['/', 'text/html', '<canvas id="map"'],
    ['/page.js', 'text/javascript', 'EventSource'],
    ['/changes.js', 'text/javascript', '/api/commands/'],
    ['/memory.js', 'text/javascript', 'drawRegion'],
    ['/places.js', 'text/javascript', 'showPlaces'],
    ['/board.js', 'text/javascript', 'showBoard'],
    ['/picture.js', 'text/javascript', '/api/picture/'],
    ['/page.css', 'text/css', '@media'],
    ['/uplot.js', 'text/javascript', 'uPlot'],
    ['/uplot.css', 'text/css', '.uplot'],
    ['/metrics', 'text/plain', 'up 1'],
    ['/api/identity', 'application/json', 'board'],
  ] as const) {
    const response = await fetch(url + place);
    assert.equal(response.status, 200, place);
    assert.ok(response.headers.get('content-type')?.startsWith(type), place);
    assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.ok((await response.text()).includes(part), place);
  }
  const missing = await fetch(`${url}/../etc/passwd`);
  assert.equal(missing.status, 404);
  assert.deepEqual(await missing.json(), { ok: false, error: 'there is no /etc/passwd here' });
});

test('pictures are for this machine, unless nobody may see them', async () => {
  const url = await started();
  const picture = await fetch(`${url}/api/picture/camera`);
  assert.deepEqual([picture.status, await picture.text()], [200, 'jpeg']);
  assert.equal(picture.headers.get('content-type'), 'image/jpeg');
  assert.equal(picture.headers.get('frame-number'), '7');
  assert.equal(picture.headers.get('frame-results'), '2');
  assert.ok(Number(picture.headers.get('frame-age-ms')) >= 40);
  assert.equal((await fetch(`${url}/api/picture/new`)).status, 204);
  assert.equal((await fetch(`${url}/api/picture/other`)).status, 404);
  const closed = await started({ pictures: 'nowhere' });
  const refused = await fetch(`${closed}/api/picture/camera`);
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /dashboard.pictures is nowhere/);
});

test('the page of another origin gets nothing', async () => {
  const url = await started();
  const response = await fetch(`${url}/api/live`, { headers: { Origin: 'http://evil.example' } });
  assert.equal(response.status, 403);
});

test('events come while somebody looks: figures again and again, memory when it changes', async () => {
  const url = await started();
  const leaving = new AbortController();
  const { body } = await fetch(`${url}/api/live`, { signal: leaving.signal });
  assert.ok(body);
  let text = '';
  const read = (async () => {
    for await (const part of body) text += Buffer.from(part).toString();
  })().catch(() => undefined);
  const count = (name: string) => text.split(`event: ${name}\n`).length - 1;
  await until('three states', () => count('state') >= 3);
  assert.equal(count('memory'), 1, text);
  chunks = [[1, 5]];
  await until('the change', () => count('memory') === 2);
  leaving.abort();
  await read;
  const first = JSON.parse(/event: state\ndata: (.*)\n/.exec(text)?.[1] ?? '');
  assert.ok(first.frames.captured > 0);
  assert.equal(first.distributions, undefined);
});

test('viewers beyond sixteen are sent away, and get in when others have left', async () => {
  const url = await started();
  const leaving = new AbortController();
  const look = (signal = leaving.signal) => fetch(`${url}/api/live`, { signal });
  const first = await Promise.all(Array.from({ length: 16 }, () => look()));
  assert.ok(first.every(({ status }) => status === 200));
  assert.equal((await look()).status, 503);
  leaving.abort();
  const later = new AbortController();
  await until('there is room', async () => {
    const { status, body } = await look(later.signal);
    await body?.cancel();
    return status === 200;
  });
  later.abort();
});

test('nothing is done without the token', async () => {
  const url = await started();
  asked.length = 0;
  const response = await fetch(`${url}/api/commands/switch`, { method: 'POST', body: '{}' });
  assert.equal(response.status, 403);
  assert.deepEqual(asked, []);
});

test('a taken port is another one by default, and an error where it was named', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  try {
    await assert.rejects(started({ port }), /is taken; name another dashboard.port/);
    await assert.rejects(started({ address: '192.0.2.1' }), /not of this machine/);
    const [first, second] = [await started({ port: 8080 }), await started({ port: 8080 })];
    assert.notEqual(first, second);
    assert.equal(await started({ port: null }), '');
  } finally {
    other.close();
  }
});
