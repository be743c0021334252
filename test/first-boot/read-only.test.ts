/** A boot partition that is a file system of its own, mounted read-only, as on the board. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isReadOnlyMount } from '../../app/first-boot/writable.ts';
import { Card } from '../support/card.ts';

const PASSWORD = 'correct-horse-battery';
const KEY = `-----BEGIN PRIVATE KEY-----\n${'kEy7'.repeat(300)}\n`;
const SETTINGS = `mqtt: {broker: "mqtts://house", username: me, password: ${PASSWORD}}\n`;

const run = (program: string, ...words: string[]): void => {
  execFileSync(program, words, { stdio: ['ignore', 'ignore', 'inherit'] });
};

/** An image of a file system with these files, made without mounting it. */
function makeImage(card: Card, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) card.write(`source/${name}`, text);
  const image = card.path('boot.img');
  // ext4, because not every kernel has FAT; without a journal, as FAT is.
  const options = ['-q', '-t', 'ext4', '-O', '^has_journal', '-d', card.path('source')];
  run('mke2fs', ...options, image, '16M');
  return image;
}

/** Mounting needs root, and a kernel that mounts in this place: told once where it does not. */
function mounted(image: string, folder: string, action: () => void, how = 'loop'): boolean {
  try {
    execFileSync('mount', ['-o', how, image, folder], { stdio: 'pipe' });
    run('mount', '-o', 'remount,ro', folder);
  } catch (error) {
    if (process.env.CI === 'true' && process.getuid?.() === 0) throw error;
    console.log('not run where a file system cannot be mounted: a boot partition of its own');
    return false;
  }
  try {
    action();
  } finally {
    run('umount', folder);
  }
  return true;
}

test('secrets are gone from every byte of the boot partition, which is read-only again', () => {
  const card = new Card();
  const boot = card.path('boot/firmware');
  const files = { 'edgepool.yaml': SETTINGS, 'models/a.tflite': 'model', 'tls/a.key': KEY };
  const image = makeImage(card, files);
  assert.ok(readFileSync(image).includes(PASSWORD));
  const ran = mounted(image, boot, () => {
    assert.ok(isReadOnlyMount(boot));
    assert.deepEqual(card.start().faults, []);
    assert.ok(isReadOnlyMount(boot));
    assert.match(card.settings, /password: ~ {20}\}/);
    assert.deepEqual(card.start(), { faults: [], notices: [] });
  });
  if (!ran) return;
  const bytes = readFileSync(image);
  assert.equal(bytes.includes(PASSWORD), false);
  assert.equal(bytes.includes('kEy7'), false);
  run('e2fsck', '-f', '-n', image);
  assert.equal(card.read('data/edgepool/tls/a.key'), KEY);
  assert.equal(card.read('data/edgepool/models/a.tflite'), 'model');
});

test('a report is written for whoever reads the card elsewhere, and taken away again', () => {
  const card = new Card();
  const boot = card.path('boot/firmware');
  const image = makeImage(card, { 'edgepool.yaml': 'fps: fast\n' });
  mounted(image, boot, () => {
    card.start();
    assert.match(card.read('boot/firmware/edgepool-report.txt'), /\r\nedgepool\.yaml:1: fps is /);
    assert.ok(isReadOnlyMount(boot));
    run('mount', '-o', 'remount,rw', boot);
    card.settings = 'fps: 15\n';
    run('mount', '-o', 'remount,ro', boot);
    assert.deepEqual(card.start().faults, []);
    assert.equal(card.has('boot/firmware/edgepool-report.txt'), false);
  });
});

test('a card that takes no writing is told of; its settings are taken, and the secrets stay', () => {
  const card = new Card();
  const image = makeImage(card, { 'edgepool.yaml': SETTINGS });
  const action = () => {
    const { faults } = card.start();
    assert.equal(faults.length, 1);
    assert.match(
      faults[0] ?? '',
      /cannot be remounted rw \(.*\); what is to be wiped from it is still/,
    );
    assert.match(card.read('data/edgepool/edgepool.yaml'), /broker: mqtts:\/\/house\n/);
    assert.equal(card.settings, SETTINGS);
    assert.equal(card.has('data/board/seen.yaml'), false);
    assert.deepEqual(card.start().faults, faults);
  };
  mounted(image, card.path('boot/firmware'), action, 'loop,ro');
});
