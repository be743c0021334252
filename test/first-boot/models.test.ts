/** Models, labels and certificates that somebody puts onto the boot partition. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/load.ts';
import { Card } from '../support/card.ts';
import { edgepool } from '../support/edgepool.ts';
import { ROOT } from '../support/root.ts';

const TINY = readFileSync(`${ROOT}build/models/tiny.tflite`);
const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function models(card: Card) {
  const file = card.path('data/edgepool/edgepool.yaml');
  return loadConfig({ file, environment: {}, flags: null }).models;
}

test('the program itself: a good model runs from now on, a bad one is left and told', async () => {
  const card = new Card();
  card.settings = 'mqtt: {broker: none}\n';
  card.write('boot/firmware/Models/tiny.tflite', TINY);
  card.write('boot/firmware/Models/tiny.txt', 'a\nb\n');
  card.write('boot/firmware/Models/half.tflite', TINY.subarray(0, TINY.length / 2));
  const { status, out, err } = await edgepool(['first-boot', '--root', card.root]);
  assert.equal(status, 1);
  assert.match(out, /^models\/tiny\.txt: taken\nmodels\/tiny\.tflite: taken\n$/);
  assert.match(err, /^edgepool: models\/half\.tflite: (?!.*\.new)[^\n]+\n$/);
  assert.deepEqual(readFileSync(card.path('data/edgepool/models/tiny.tflite')), TINY);
  assert.equal(card.has('boot/firmware/Models/tiny.tflite'), false);
  assert.equal(card.has('boot/firmware/Models/tiny.txt'), false);
  assert.equal(card.has('boot/firmware/Models/half.tflite'), true);
  assert.equal(card.has('data/edgepool/models/half.tflite'), false);
  const [model, ...others] = models(card);
  assert.deepEqual(others, []);
  assert.match(model?.file ?? '', /\/data\/edgepool\/models\/tiny\.tflite$/);
  assert.match(model?.labels ?? '', /\/data\/edgepool\/models\/tiny\.txt$/);
});

test('a model runs as the file says; one that is not there is left out and told', () => {
  const card = new Card();
  card.settings =
    'models:\n  - file: models/cat.tflite\n    every: 3\n  - file: models/Cat.tflite\n' +
    '  - {file: models/cat.tflite, name: second, labels: models/cats.txt}\n';
  card.write('boot/firmware/models/cat.tflite', TINY);
  const { faults } = card.start();
  assert.deepEqual(faults, [
    'edgepool.yaml:4: models[1].file models/Cat.tflite is not on the board; the nearest is models/cat.tflite',
    'edgepool.yaml:5: models[2].labels models/cats.txt is not on the board; the nearest is models/cat.tflite',
  ]);
  assert.deepEqual(
    models(card).map(({ name, every }) => [name, every]),
    [['cat', 3]],
  );
  card.write('boot/firmware/models/cats.txt', 'a\n');
  assert.equal(card.start().faults.length, 1);
  assert.equal(models(card).length, 2);
});

test('files are looked for in the folders that are taken, and nowhere else', () => {
  const card = new Card();
  card.settings = 'mqtt: {broker: "mqtts://a", tls: {ca: ../ca.crt}}\nplan: plans/a/b.json\n';
  assert.deepEqual(card.start().faults, [
    'edgepool.yaml:1: mqtt.tls.ca ../ca.crt must be in models/ or tls/ beside it',
    'edgepool.yaml:2: plan plans/a/b.json must be in models/ or tls/ beside it',
  ]);
});

test('a key of TLS is taken, and only the program reads it', () => {
  const card = new Card();
  card.settings = 'mqtt: {broker: "mqtts://a", tls: {certificate: tls/b.crt, key: tls/b.key}}\n';
  card.write('boot/firmware/tls/b.crt', 'certificate\n');
  card.write('boot/firmware/tls/b.key', 'key\n');
  assert.deepEqual(card.start().faults, []);
  assert.equal(card.has('boot/firmware/tls/b.key'), false);
  const stat = statSync(card.path('data/edgepool/tls/b.key'));
  assert.equal(stat.mode & 0o777, 0o600);
  assert.equal(statSync(card.path('data/edgepool/tls')).mode & 0o777, 0o700);
});

test('a checksum beside a model must be its own', () => {
  const card = new Card();
  const file = 'boot/firmware/models/tiny.tflite';
  card.write(file, TINY);
  card.write(`${file}.sha256`, `${'0'.repeat(64)}  tiny.tflite\n`);
  const [fault] = card.start().faults;
  const wanted = `its SHA-256 is ${sum(TINY)}, tiny.tflite.sha256 says ${'0'.repeat(64)}`;
  assert.equal(fault, `models/tiny.tflite: ${wanted}; copy it again`);
  card.write(`${file}.sha256`, `${sum(TINY).toUpperCase()} *tiny.tflite\r\n`);
  assert.deepEqual(card.start().faults, []);
  assert.equal(card.has(`${file}.sha256`), false);
});

test('a model that is refused leaves the one of its name that runs', () => {
  const card = new Card();
  card.write('boot/firmware/models/a.tflite', 'good');
  card.start();
  card.write('boot/firmware/models/a.tflite', 'bad');
  assert.deepEqual(card.start({ judge: () => 'is bad' }).faults, ['models/a.tflite: is bad']);
  assert.equal(card.read('data/edgepool/models/a.tflite'), 'good');
  assert.equal(card.read('boot/firmware/models/a.tflite'), 'bad');
});
