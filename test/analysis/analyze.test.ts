/** What `edgepool analyze` writes, of real models, read by those it is written for. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type AnalysedModel, analyseModel } from '../../app/analysis/analyse-model.ts';
import { mtraceLogs } from '../../app/analysis/mtrace.ts';
import { analysisPage } from '../../app/analysis/page.ts';
import { makePlanFile } from '../../app/analysis/plan-file.ts';
import { replay } from '../../app/analysis/replay.ts';
import { modelTables, regionTable } from '../../app/analysis/tables.ts';
import { bar, size } from '../../app/drawing/text.ts';
import { edgepool } from '../support/edgepool.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const tiny = `${ROOT}build/models/tiny.tflite`;
const partly = `${ROOT}build/models/mobilenet_v3_small_int8.tflite`;

async function analysed(): Promise<AnalysedModel[]> {
  const options = { threads: 1, library: null };
  return [await analyseModel(tiny, options), await analyseModel(partly, options)];
}
const models = await analysed();
const plan = makePlanFile(models, {
  runtime: { sha256: '0'.repeat(64), machine: 'x64' },
  runtimeBytes: 8 << 20,
  framesBytes: 16 << 20,
  reserve: 0.3,
});

test('the recorded blocks are those that the pool counts', () => {
  for (const { trace, analysis, fileBytes } of models) {
    const { lives, live } = replay(trace);
    const kept = lives.filter(({ died }) => died === null);
    assert.equal(kept.length, analysis.live_blocks);
    const requested = live.at(-1) ?? 0;
    assert.equal(
      requested,
      analysis.owners.reduce((sum, owner) => sum + owner.steady_bytes, 0),
    );
    const overhead = analysis.steady_bytes - requested;
    assert.ok(overhead >= 0 && overhead <= 40 * kept.length, `${overhead} of headers`);
    const file = analysis.owners.find(({ owner }) => owner === 'file');
    assert.equal(file?.steady_bytes, fileBytes);
    const counts = analysis.phases.reduce((sum, phase) => sum + phase.allocations, 0);
    assert.equal(
      analysis.histogram.reduce((sum, { count }) => sum + count, 0),
      counts,
    );
  }
});

test('packing weights is the delegate’s, and what the first run has not asked for no later one does', () => {
  for (const { analysis } of models) {
    const packed = analysis.owners.find(({ owner }) => owner === 'packed weights');
    assert.ok((packed?.steady_bytes ?? 0) > 10_000);
    const delegate = analysis.phases.find(({ phase }) => phase === 'delegate');
    assert.ok((delegate?.bytes ?? 0) >= (packed?.steady_bytes ?? 0));
    const [first, later] = analysis.phases.slice(-2);
    assert.ok((first?.allocations ?? 0) > 0);
    assert.deepEqual([later?.phase, later?.allocations], ['later invokes', 0]);
  }
});

test('mtrace reads the log without complaint and agrees on the bytes live', () => {
  const file = scratch.write('log', mtraceLogs(models.map(({ trace }) => trace)));
  const { stdout, stderr } = spawnSync('mtrace', [file], { encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.match(stdout, /^\s*Memory not freed:/);
  const rows = stdout.split('\n').filter((line) => line.startsWith('0x'));
  const others = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('0x'));
  assert.equal(others.length, 3, 'a title, a rule and a head: no complaint about any operation');
  const bytes = rows.reduce((sum, row) => sum + Number(row.split(/\s+/)[1]), 0);
  const live = models.reduce((sum, { trace }) => sum + (replay(trace).live.at(-1) ?? 0), 0);
  assert.equal(bytes, live);
});

test('the tables fit 80 columns, also with a long name and large figures', () => {
  const [model] = models;
  assert.ok(model);
  const file = `/${'a-very-long-name-of-a-model-'.repeat(4)}.tflite`;
  const { analysis } = model;
  const huge = { ...analysis, peak_bytes: 999 * 2 ** 30, allocations: 123_456_789 };
  const long = { ...model, file, runsOn: 'none (xnnpack+qu8 refused)', analysis: huge };
  const texts = [...models, long].map(modelTables);
  texts.push(
    regionTable(plan),
    regionTable(makePlanFile([long, ...models], { ...plan, ...parts })),
  );
  for (const line of texts.join('\n').split('\n')) {
    assert.ok([...line].length <= 80, `${[...line].length} columns: ${line}`);
  }
});
const parts = { runtimeBytes: 0, framesBytes: 0, reserve: 0.5 };

test('a bar is as long as its share, and what is there is seen', () => {
  assert.equal(bar(0, 10), '');
  assert.equal(bar(10, 10), '█'.repeat(24));
  assert.equal(bar(5, 10), '█'.repeat(12));
  assert.equal(bar(1, 1_000_000), '▏');
  assert.deepEqual([size(17), size(2048), size(1023.99 * 1024)], ['17 B', '2.0 KiB', '1.0 MiB']);
});

test('the page needs nothing from outside and has three pictures of each model', () => {
  const hostile = models.map((model) => ({ ...model, file: '<img src=x>&"quoted".tflite' }));
  const page = analysisPage(hostile, plan);
  assert.equal(page.match(/<svg /g)?.length, 3 * models.length);
  assert.doesNotMatch(page, /<script|<link|<img|@import|url\(|https?:/);
  assert.match(page, /&lt;img src=x&gt;&amp;&quot;quoted&quot;\.tflite/);
  for (const [, target] of page.matchAll(/href="([^"]*)"/g)) {
    assert.ok(page.includes(`id="${target?.slice(1)}"`), `${target} leads nowhere`);
  }
  const opened = page.match(/<(svg|g|text|rect|path|section|table|tr|ul|li)[ >]/g)?.length;
  const closed = page.match(/<\/(svg|g|text|rect|path|section|table|tr|ul|li)>/g)?.length;
  assert.equal(opened, closed);
  assert.doesNotMatch(page, /NaN|undefined|Infinity/);
});

test('a folder of models gives one plan, one page and one log for all of them', async () => {
  const folder = join(scratch.path, 'models');
  mkdirSync(folder);
  copyFileSync(tiny, join(folder, 'one.tflite'));
  copyFileSync(`${ROOT}build/models/tiny_int8.tflite`, join(folder, 'two.tflite'));
  const at = (name: string) => join(scratch.path, 'out', name);
  const options = ['--plan', at('plan'), '--html', at('html'), '--mtrace', at('log')];
  const ended = await edgepool(['analyze', folder, ...options, '--json', at('all.json')]);
  assert.deepEqual([ended.status, ended.err], [0, '']);
  const made = JSON.parse(readFileSync(at('plan'), 'utf8'));
  const files = made.models.map(({ file }: { file: string }) => file);
  assert.deepEqual(files, ['one.tflite', 'two.tflite']);
  const { capacity_bytes, models_bytes, runtime_bytes, frames_bytes } = made.region;
  const share = 1 - (models_bytes + runtime_bytes + frames_bytes) / capacity_bytes;
  assert.ok(share >= 0.3 && share <= 0.5, `reserve ${share}`);
  assert.equal(JSON.parse(readFileSync(at('all.json'), 'utf8')).models.length, 2);
  assert.ok(existsSync(at('html')) && existsSync(at('log')));
  assert.match(ended.out, /one\.tflite: .*two\.tflite: .*region: /s);
});

test('--json alone writes nothing but JSON to standard output', async () => {
  const ended = await edgepool(['analyze', '--json', tiny, '--threads', '2']);
  assert.equal(ended.status, 0, ended.err);
  const [model] = JSON.parse(ended.out).models;
  assert.deepEqual([model.threads, model.phases.length], [2, 6]);
});

test('what cannot be analysed is refused in one line', async () => {
  const wrong = scratch.write('wrong.tflite', 'this is no model at all, whatever its name may say');
  mkdirSync(join(scratch.path, 'empty'));
  const cases: [string[], number, RegExp][] = [
    [['analyze'], 2, /^edgepool: analyze needs at least one MODEL or folder .*\n$/],
    [['analyze', wrong], 1, /^edgepool: .*wrong\.tflite.*\n$/],
    [
      ['analyze', join(scratch.path, 'empty')],
      1,
      /^edgepool: .*empty: there is no \.tflite file.*\n$/,
    ],
    [['analyze', tiny, '--threads', '65'], 2, /^edgepool: --threads 65: .*1 to 64.*\n$/],
    [['analyze', tiny, '--timeout', '0'], 2, /^edgepool: --timeout 0: must be seconds, .*\n$/],
    [['analyze', tiny, '--timeout', '0.001'], 1, /tiny\.tflite: .* did not end in 0.001 s: .*\n$/],
  ];
  for (const [args, status, message] of cases) {
    const ended = await edgepool(args);
    assert.equal(ended.status, status, args.join(' '));
    assert.match(ended.err, message);
  }
});
