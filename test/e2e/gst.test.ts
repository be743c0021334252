/** What GStreamer plays reaches the models frame for frame, and is kept bit for bit. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { nativeLibrary } from '../../app/native/library.ts';
import { Edgepool, edgepool } from '../support/edgepool.ts';
import { readReport } from '../support/report.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const inScratch = (name: string) => join(scratch.path, name);
const model = ['--model', `${ROOT}build/models/tiny.tflite`, '--broker', 'none'];

const FRAMES = 30;
/** Every frame is another one; slow enough for a disk that others use. */
const CLIP = `videotestsrc pattern=ball num-buffers=${FRAMES} ! video/x-raw,format=I420,width=160,height=120,framerate=10/1`;
const FRAME_BYTES = (160 * 120 * 3) / 2;

function play(pipeline: string): void {
  execFileSync('gst-launch-1.0', ['-q', ...pipeline.split(' ')], { stdio: 'inherit' });
}

/** The pixels of each frame of a y4m file. */
function framesOf(file: string): Buffer[] {
  const bytes = readFileSync(file);
  const frames: Buffer[] = [];
  let at = bytes.indexOf('\n') + 1;
  while (at < bytes.length) {
    const from = bytes.indexOf('\n', at) + 1;
    frames.push(bytes.subarray(from, from + FRAME_BYTES));
    at = from + FRAME_BYTES;
  }
  return frames;
}

/** Runs to the source's end, and keeps what it gave. */
async function recorded(source: string, name: string) {
  const [file, report] = [inScratch(`${name}.y4m`), inScratch(`${name}.json`)];
  const args = ['--source', source, '--record', file, '--report', report];
  const { status, err } = await new Edgepool(['run', ...args, ...model]).end();
  assert.deepEqual([status, err], [0, '']);
  return { frames: framesOf(file), report: readReport(report) };
}

function sameFrames(frames: readonly Buffer[], truth: readonly Buffer[]): void {
  assert.equal(frames.length, truth.length);
  frames.forEach((frame, index) => {
    assert.ok(frame.equals(truth[index] ?? Buffer.alloc(0)), `frame ${index + 1}`);
  });
}

/** What GStreamer itself writes of the clip. */
function truth(): Buffer[] {
  const file = inScratch('truth.y4m');
  play(`${CLIP} ! y4menc ! filesink location=${file}`);
  return framesOf(file);
}

const servers: ChildProcess[] = [];
after(() => {
  for (const server of servers) server.kill();
});

async function serve(pipeline: string): Promise<string> {
  const program = `${ROOT}test/support/rtsp-server.ts`;
  const child = spawn(process.execPath, ['--import', 'tsx', program, pipeline], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  servers.push(child);
  const [port] = await once(child.stdout, 'data');
  return `rtsp://127.0.0.1:${String(port).trim()}/clip`;
}

test('a test picture, a file and a network stream give every frame of the clip', async () => {
  const frames = truth();
  assert.equal(frames.length, FRAMES);
  const file = inScratch('clip.mkv');
  play(`${CLIP} ! matroskamux ! filesink location=${file}`);
  const url = await serve(`${CLIP} ! rtpvrawpay name=pay0`);
  const sources = {
    test: `gst:${CLIP}`,
    file: `gst:filesrc location=${file} ! matroskademux`,
    network: `gst:rtspsrc location=${url} protocols=tcp latency=200 ! rtpvrawdepay`,
  };
  for (const [name, source] of Object.entries(sources)) {
    const { frames: given, report } = await recorded(source, name);
    const { captured } = report.frames;
    const dropped = report.sources[0]?.recording?.dropped;
    assert.deepEqual({ name, captured, dropped }, { name, captured: FRAMES, dropped: 0 });
    sameFrames(given, frames);
    assert.equal(report.steady_state.minor_faults, 0);
    assert.equal(report.steady_state.foreign_allocations, 0);
    assert.ok((report.sources[0]?.most_copies ?? 2) <= 1);
  }
  // And what was recorded is played again, the same.
  const { frames: again } = await recorded(`y4m:${inScratch('file.y4m')}`, 'again');
  sameFrames(again, frames);
});

test('a wrong pipeline is one line', async () => {
  for (const [pipeline, line] of [
    ['videotestsrc ! nosuch', 'the pipeline cannot be made: no element "nosuch"'],
    ['filesrc location=nowhere.mkv ! matroskademux', /No such file "nowhere\.mkv"$/],
    ['videotestsrc num-buffers=0', 'the pipeline ends without a frame'],
  ] as const) {
    const { status, err } = await edgepool(['run', '--source', `gst:${pipeline}`, ...model]);
    assert.equal(status, 1);
    assert.match(err, /^edgepool: source gst: [^\n]+\n$/);
    if (typeof line === 'string') assert.ok(err.endsWith(`gst: ${line}\n`), err);
    else assert.match(err.trimEnd(), line);
  }
});

test('a build without GStreamer says so, and what brings it', async () => {
  const library = inScratch('libedgepool.so');
  copyFileSync(nativeLibrary(), library);
  const { status, err } = await edgepool(['run', '--source', 'gst:videotestsrc', ...model], {
    environment: { EDGEPOOL_LIBRARY: library },
  });
  assert.equal(status, 1);
  assert.match(
    err,
    /^edgepool: source gst: this build has no GStreamer: install libgstreamer1\.0-dev and [^\n]+\n$/,
  );
});

test('no password is shown', async () => {
  const report = inScratch('secret.json');
  const pipeline = `${CLIP} ! identity name=//anna:geheim@house`;
  const args = ['--source', `gst:${pipeline}`, '--report', report];
  const { status, out } = await edgepool(['run', ...args, ...model]);
  assert.equal(status, 0);
  assert.doesNotMatch(out + readFileSync(report, 'utf8'), /geheim/);
  assert.match(readReport(report).sources[0]?.kind ?? '', /^gst videotestsrc .*\/\/\.\.\.@house$/);
});
