/** The real server, real files, the real check of models. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { ModelFolder } from '../../app/control/model-folder.ts';
import { ModelUpload } from '../../app/control/model-upload.ts';
import { Dashboard } from '../../app/dashboard/dashboard.ts';
import { trial } from '../../app/models/trial.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { snapshot } from '../support/snapshots.ts';
import { until } from '../support/until.ts';

const scratch = scratchFolder();
const folder = join(scratch.path, 'models');
const TINY = readFileSync(`${ROOT}build/models/tiny.tflite`);
const TOKEN = 'a-token-of-more-than-sixteen';
const RIGHT = { Authorization: `Bearer ${TOKEN}` };
const MIB = 2 ** 20;
let received = 0;
let dashboard: Dashboard;
let upload: ModelUpload;
let url: string;

before(async () => {
  mkdirSync(folder);
  upload = new ModelUpload({
    folder: new ModelFolder(folder),
    maxBytes: MIB,
    models: { all: [] },
    verify: (file, signal) => trial({ file, signal }),
  });
  await upload.start();
  dashboard = new Dashboard({
    config: {
      ...{ port: 0, address: '127.0.0.1', pictures: 'here', upload_max_mb: 1 },
      token_file: scratch.write('token', TOKEN),
    },
    identity: { device: 'board', version: '1.2.3' },
    read: () => snapshot([]),
    memory: () => ({ chunk_bytes: 16384, chunks: [], pools: [] }),
    metrics: { type: 'text/plain', render: async () => '' },
    execute: async () => ({ ok: true }),
    picture: () => null,
    notice: () => undefined,
    upload: (asked, body) => {
      received += 1;
      return upload.receive(asked, body);
    },
  });
  await dashboard.start();
  url = dashboard.url ?? '';
});
after(async () => {
  await dashboard.stop();
  await upload.stop();
});
beforeEach(() => {
  received = 0;
});

const post = (query: string, body: Uint8Array, headers: Record<string, string> = RIGHT) =>
  fetch(`${url}/api/models?${query}`, { method: 'POST', headers, body });

async function answerOf(response: Response): Promise<{ status: number; error: string }> {
  const { error } = (await response.json()) as { error?: string };
  return { status: response.status, error: error ?? '' };
}

test('who brings the token may upload a model, whatever type the sender gives it', async () => {
  for (const type of ['application/octet-stream', 'application/x-www-form-urlencoded']) {
    const headers = { ...RIGHT, 'Content-Type': type };
    const response = await post('file=tiny&replace=true', TINY, headers);
    assert.equal(response.status, 200);
    const answer = (await response.json()) as { file: string; bytes: number };
    assert.deepEqual([answer.file, answer.bytes], ['tiny.tflite', TINY.length]);
  }
  assert.deepEqual(readFileSync(join(folder, 'tiny.tflite')), TINY);
});

test('without the token, with a wrong one and from elsewhere nothing is even read', async () => {
  const before = readdirSync(folder);
  for (const headers of [
    {},
    { Authorization: 'Bearer wrong' },
    { ...RIGHT, Origin: 'http://evil.example' },
    { ...RIGHT, 'Sec-Fetch-Site': 'cross-site' },
  ]) {
    const { status, error } = await answerOf(await post('file=other', TINY, headers));
    assert.equal(status, 403, JSON.stringify(headers));
    assert.match(error, /token is missing or wrong|asked by another page/);
  }
  assert.equal(received, 0);
  assert.deepEqual(readdirSync(folder), before);
});

test('a wrong request is answered with why', async () => {
  for (const [query, why] of [
    ['', /file is missing/],
    ['file=a&file=b', /file is missing/],
    ['file=a&replace=perhaps', /replace must be true or false/],
    ['file=..%2Fup', /must be the name of a file in/],
    ['file=tiny', /is in .* already/],
  ] as const) {
    const { status, error } = await answerOf(await post(query, TINY));
    assert.equal(status, 400, query);
    assert.match(error, why);
  }
  const broken = await answerOf(await post('file=broken', Buffer.alloc(5000, 'x')));
  assert.equal(broken.status, 400);
  assert.match(broken.error, /broken.tflite/);
  assert.equal(existsSync(join(scratch.path, 'up.tflite')), false);
  assert.deepEqual(readdirSync(folder), ['tiny.tflite']);
});

test('a model that is too large is refused, and its sender hears it', async () => {
  const { status, error } = await answerOf(await post('file=large', Buffer.alloc(8 * MIB)));
  assert.equal(status, 400);
  assert.match(error, /large.tflite: is larger than 1.0 MiB/);
  // As a stream, without a length.
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
  });
  const options = { method: 'POST', headers: RIGHT, body, duplex: 'half' } as const;
  const streamed = await fetch(`${url}/api/models?file=large`, options);
  assert.match((await answerOf(streamed)).error, /is larger than 1.0 MiB/);
  assert.deepEqual(readdirSync(folder), ['tiny.tflite']);
});

test('an upload that breaks off leaves nothing, and the next one gets in', async () => {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST /api/models?file=cut HTTP/1.1\r\nHost: ${hostname}:${port}\r\n` +
      `Authorization: Bearer ${TOKEN}\r\nContent-Length: ${TINY.length}\r\n\r\n`,
  );
  socket.write(TINY.subarray(0, 30_000));
  await until('it has begun', () => readdirSync(folder).length === 2);
  socket.destroy();
  await until('it is gone', () => readdirSync(folder).length === 1);
  assert.equal((await post('file=tiny&replace=true', TINY)).status, 200);
});

test('the page is told whether it may change anything, and how large a model may be', async () => {
  const identity = await (await fetch(`${url}/api/identity`)).json();
  const told = { device: 'board', version: '1.2.3', changes: true, upload_max_mb: 1 };
  assert.deepEqual(identity, told);
});
