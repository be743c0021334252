/** The board's bundle as `make bundle` makes it, run on an arm64 processor, emulated where need be. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { PlanFile } from '../../app/analysis/plan-file.ts';
import { readReport } from '../support/report.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const out = join(ROOT, 'build', 'bundle');
const name = 'edgepool-bundle-arm64';
/** The bundle alone, in a folder that has nothing else above it but the system's own. */
const bundle = join(scratch.path, name);
const recipe = join(ROOT, 'yocto/meta-edgepool/recipes-edgepool/edgepool/edgepool_0.1.0.bb');
const MODELS = ['shapes', 'mobilenet_v2_int8', 'resnet18'];

const run = (command: string, args: readonly string[], cwd = ROOT): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const digest = () => readFileSync(join(out, `${name}.tar.sha256`), 'utf8');
const onArm64 = [join(ROOT, 'scripts/arm64-node.sh')];
const program = join(bundle, 'dist', 'edgepool.mjs');

before(() => {
  console.log(run('scripts/bundle.sh', []));
  run('sha256sum', ['--check', '--quiet', `${name}.tar.sha256`], out);
  run('tar', ['-xf', join(out, `${name}.tar`), '-C', scratch.path]);
});

test('made again it is the same, bit for bit', () => {
  const first = digest();
  run('scripts/bundle.sh', []);
  assert.equal(digest(), first);
});

test('what is bundled has no licence that the recipe does not name, and no other', () => {
  const licences = JSON.parse(readFileSync(join(bundle, 'licences.json'), 'utf8')) as {
    name: string;
    license: string;
  }[];
  const names = licences.map(({ name }) => name);
  for (const shipped of [
    '@koromix/koffi-linux-arm64',
    'koffi',
    'mqtt',
    'tfjs-tflite-node',
    'uplot',
  ]) {
    assert.ok(names.includes(shipped), shipped);
  }
  const [, line = ''] = /^LICENSE = "(.*)"$/m.exec(readFileSync(recipe, 'utf8')) ?? [];
  const found = [...new Set(licences.map(({ license }) => license))];
  assert.deepEqual(found.sort(), line.split(' & ').sort());
});

test('every file that the recipe installs is in it', () => {
  const text = readFileSync(recipe, 'utf8');
  const named = [...text.matchAll(/\$\{S\}\/([\w./-]+)/g)].map(([, file = '']) => file);
  assert.ok(named.length >= 5, text);
  for (const file of named) assert.ok(existsSync(join(bundle, file)), file);
});

for (const major of [20, 22]) {
  test(`Node ${major} starts it, and nobody looks for a node_modules`, () => {
    const trace = join(scratch.path, `trace-${major}`);
    const words = ['-f', '-qq', '-s', '4096', '-e', 'trace=%file', '-o', trace, ...onArm64];
    const said = run('strace', [...words, String(major), program, '--version'], scratch.path);
    assert.match(said, /^edgepool \d+\.\d+\.\d+\n$/);
    // What fetches Node is a program of this checkout; the emulated one begins with its own file.
    const lines = readFileSync(trace, 'utf8').split('\n');
    const begins = lines.findLastIndex(
      (line) => line.includes(`"${program}"`) && /execve/.test(line),
    );
    assert.ok(begins >= 0, 'the program was not seen to start');
    const after = lines.slice(begins);
    assert.ok(after.some((line) => line.includes('/lib/koffi.node"')));
    assert.deepEqual(
      after.filter((line) => line.includes('node_modules')),
      [],
    );
  });

  test(`Node ${major} runs the default job from it, in the pools of its plan`, () => {
    const report = join(scratch.path, `report-${major}.json`);
    const config = join(bundle, 'edgepool.yaml');
    // A frame in the largest model outlasts the time that a board gives to a stop.
    const limits = [
      ...['EDGEPOOL_REGION_LOCK=preferred', 'EDGEPOOL_DASHBOARD_PORT=0'],
      'EDGEPOOL_STOP_SECONDS=60',
    ];
    const words = ['run', '--config', config, '--broker', 'none', '--fps', '1'];
    const length = ['--duration', '20', '--report', report];
    run('env', [...limits, ...onArm64, String(major), program, ...words, ...length]);
    const plan: PlanFile = JSON.parse(readFileSync(join(bundle, 'models', 'plan.json'), 'utf8'));
    const { models } = readReport(report);
    assert.deepEqual(
      models.map((model) => model.name),
      MODELS,
    );
    for (const { name: model, sha256, invokes, delegate, pool } of models) {
      // Emulated, an answer of a larger one may take longer than this run; its load has had one.
      assert.ok(invokes > 0 || model !== 'shapes', `${model} has not answered`);
      assert.match(delegate, /^xnnpack/, model);
      const planned = plan.models.find((entry) => entry.sha256 === sha256)?.pool;
      assert.equal(pool.quota_bytes, planned?.quota_bytes, model);
    }
  });
}

test('without the native library it says in one line what is missing', () => {
  const alone = join(scratch.path, 'alone');
  mkdirSync(alone);
  cpSync(bundle, join(alone, name), { recursive: true });
  const words = [...onArm64, '22', join(alone, name, 'dist', 'edgepool.mjs'), 'run'];
  assert.throws(
    () => run('env', ['EDGEPOOL_LIBRARY=/none/libedgepool.so', ...words]),
    ({ status, stderr }: { status: number; stderr: string }) => {
      assert.equal(status, 1);
      assert.match(
        stderr,
        /^edgepool: cannot use the native library \/none\/libedgepool\.so: .*\n$/,
      );
      return true;
    },
  );
});
