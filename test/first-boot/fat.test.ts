/** The same on a FAT file system that is mounted read-only, as on the board. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isReadOnlyMount } from '../../app/first-boot/writable.ts';
import { Card } from '../support/card.ts';

const PASSWORD = 'correct-horse-battery';
const KEY = `-----BEGIN PRIVATE KEY-----\n${'kEy7'.repeat(300)}\n`;
const SETTINGS = `mqtt: {broker: "mqtts://house", username: me, password: ${PASSWORD}}\n`;

const run = (program: string, ...words: string[]): void => {
  execFileSync(program, words, { stdio: ['ignore', 'ignore', 'inherit'] });
};

/** A FAT image with these files, made without mounting it. */
function makeImage(card: Card, files: Readonly<Record<string, string>>): string {
  const image = card.path('boot.img');
  closeSync(openSync(image, 'w'));
  run('truncate', '-s', '16M', image);
  run('mkfs.vfat', '-n', 'BOOT', image);
  for (const folder of ['models', 'tls']) run('mmd', '-i', image, `::${folder}`);
  for (const [name, text] of Object.entries(files)) {
    card.write('source', text);
    run('mcopy', '-i', image, card.path('source'), `::${name}`);
  }
  return image;
}

/** Mounting needs root, and a kernel that mounts in this place: told once where it does not. */
function mounted(image: string, folder: string, action: () => void): boolean {
  try {
    execFileSync('mount', ['-o', 'loop,ro,umask=0077', image, folder], { stdio: 'pipe' });
  } catch (error) {
    if (process.env.CI === 'true' && process.getuid?.() === 0) throw error;
    console.log('not run where a file system cannot be mounted: the boot partition as FAT');
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
  const boot = join(card.root, 'boot/firmware');
  mkdirSync(boot, { recursive: true });
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
  run('fsck.vfat', '-n', image);
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
