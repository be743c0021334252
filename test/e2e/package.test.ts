/** The package as another program installs it: no checkout, no TypeScript loader. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, test } from 'node:test';
import { tensor } from '@tensorflow/tfjs-core';
import { loadOriginal } from '../support/original.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const tiny = `${ROOT}build/models/tiny.tflite`;
const VERSIONS = ['@tensorflow/tfjs-core@4.22.0', '@tensorflow/tfjs-backend-cpu@4.22.0'];

const run = (command: string, args: readonly string[], cwd = scratch.path): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

before(() => {
  run('node', ['--import', 'tsx', 'scripts/bundle/package.ts'], ROOT);
  const [file = ''] = run('npm', ['pack', '--silent', '--pack-destination', scratch.path], ROOT)
    .trim()
    .split('\n')
    .slice(-1);
  scratch.write('package.json', '{ "name": "user", "private": true, "type": "module" }');
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  run('npm', ['install', ...quiet, `./${file}`, ...VERSIONS]);
});

test('a program changes one import, and its answers are those of tfjs-tflite-node', async () => {
  const input = Array.from({ length: 96 * 96 * 3 }, (_, i) => Math.sin(i * 0.7));
  scratch.write(
    'user.mjs',
    `import '@tensorflow/tfjs-backend-cpu';
    import * as tf from '@tensorflow/tfjs-core';
    import { loadTFLiteModel } from 'edgepool';
    const model = await loadTFLiteModel(process.argv[2], { numThreads: 1 });
    const input = Array.from({ length: 96 * 96 * 3 }, (_, i) => Math.sin(i * 0.7));
    const output = model.predict(tf.tensor(input, [1, 96, 96, 3]));
    console.log(JSON.stringify(Array.from(output.dataSync())));
    model.dispose();`,
  );
  const answer = JSON.parse(run('node', ['user.mjs', tiny])) as number[];
  const original = await loadOriginal(tiny, { numThreads: 1 });
  const expected = original.predict(tensor(input, [1, 96, 96, 3]), {}) as unknown as {
    dataSync(): Float32Array;
  };
  const values = Array.from(expected.dataSync());
  assert.equal(answer.length, values.length);
  answer.forEach((value, i) => {
    assert.ok(Math.abs(value - (values[i] as number)) < 1e-5, `${value} for ${values[i]}`);
  });
});

test('its types come with it', () => {
  scratch.write(
    'user.ts',
    `import { loadTFLiteModel } from 'edgepool';
    const model = await loadTFLiteModel('a.tflite', { numThreads: 2 });
    export const names: string[] = model.inputs.map(({ name }) => name);`,
  );
  const compilerOptions = { noEmit: true, strict: true, skipLibCheck: true, types: [] };
  const modern = { target: 'es2022', module: 'nodenext' };
  const project = { compilerOptions: { ...compilerOptions, ...modern }, files: ['user.ts'] };
  scratch.write('tsconfig.json', JSON.stringify(project));
  run(`${ROOT}node_modules/.bin/tsc`, ['-p', 'tsconfig.json']);
});

test('the program runs, models in their pools, and says its version', () => {
  const program = `${scratch.path}/node_modules/.bin/edgepool`;
  assert.match(run(program, ['--version']), /^edgepool \d+\.\d+\.\d+\n$/);
  const args = [
    'run',
    '--model',
    tiny,
    '--broker',
    'none',
    '--duration',
    '2',
    '--report',
    'r.json',
  ];
  run(program, args);
  const report = JSON.parse(run('cat', ['r.json'])) as { frames: { completed: number } };
  assert.ok(report.frames.completed > 30, JSON.stringify(report.frames));
  assert.match(run(program, ['verify', tiny]), /tiny/);
});
