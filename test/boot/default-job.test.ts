import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { defaultJob } from '../../app/boot/default-job.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();

test('the job that set-up made gives models, their files beside it', () => {
  const models = [
    { name: 'a', file: 'a.tflite', labels: 'a.txt', every: 3 },
    { file: '/b.tflite' },
  ];
  const job = defaultJob(scratch.write('job.json', JSON.stringify(models)));
  assert.deepEqual(
    job.map(({ name, file, labels, every }) => ({ name, file, labels, every })),
    [
      {
        name: 'a',
        file: join(scratch.path, 'a.tflite'),
        labels: join(scratch.path, 'a.txt'),
        every: 3,
      },
      { name: 'b', file: '/b.tflite', labels: null, every: 1 },
    ],
  );
});

test('without one, or with a damaged one, the message says what to run', () => {
  assert.throws(() => defaultJob(null), /build\/models\/default-job.json is not there: run "make/);
  for (const text of ['', '{', '{}']) {
    const file = scratch.write('bad.json', text);
    assert.throws(() => defaultJob(file), /bad.json.*make it again with "make models"/);
  }
  const file = scratch.write('bad.json', '[{"file": "a", "evry": 2}]');
  assert.throws(() => defaultJob(file), /bad.json: models\[0\].evry is not a setting.*every/);
});
