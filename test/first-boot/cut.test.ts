/** The power goes before each call that changes something on a disk. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/load.ts';
import { Disk } from '../../app/first-boot/disk.ts';
import { Wipe } from '../../app/first-boot/wipe.ts';
import { Card, Cut } from '../support/card.ts';
import { Random, seeds } from '../support/random.ts';

const OLD =
  'mqtt: {broker: mqtt://old, password: old-password}\nwifi: {country: DE, ssid: old, password: old-network}\n';
const NEW = `mqtt: {broker: mqtt://new, password: new-password}
dashboard: {token: new-token-of-the-page}
wifi: {country: FR, ssid: new, password: new-network}
time_zone: Europe/Berlin
host_name: new
ssh_keys: ["ssh-ed25519 ${'B'.repeat(68)}"]
models: [{file: models/a.tflite}]
${'# The file is longer than a sector.\n'.repeat(20)}`;
const SECRETS = ['new-password', 'new-token-of-the-page', 'new-network'];

/** Every file below a folder with its text, and the names that first boot makes up taken out. */
function picture(folder: string, prefix = ''): Record<string, string> {
  const entries = readdirSync(join(folder, prefix), { withFileTypes: true });
  const pieces = entries.map((entry): Record<string, string> => {
    const name = join(prefix, entry.name);
    if (entry.isDirectory()) return picture(folder, name);
    const known = (text: string) => text.replace(/\.[0-9a-f]{8}\b/g, '.*');
    return { [known(name)]: entry.isFile() ? known(readFileSync(join(folder, name), 'utf8')) : '' };
  });
  return Object.assign({}, ...pieces);
}

/** The broker and its password, as the program reads them. */
function access(card: Card): string {
  const file = card.path('data/edgepool/edgepool.yaml');
  const { mqtt } = loadConfig({ file, environment: {}, flags: null });
  return `${mqtt.broker} ${readFileSync(mqtt.password_file ?? '', 'utf8').trim()}`;
}

const settled = new Card();
settled.settings = OLD;
settled.start();
settled.settings = NEW;
settled.write('boot/firmware/models/a.tflite', 'model');
settled.write('boot/firmware/tls/a.key', 'key '.repeat(300));

/** A card that has settings, and other ones on its boot partition. */
const changed = (): Card => new Card(settled);

test('after a cut at any call the settings are the old or the new, and the next start completes them', () => {
  const whole = changed();
  assert.deepEqual(whole.start().faults, []);
  const wanted = picture(whole.root);
  assert.ok(SECRETS.every((secret) => !whole.settings.includes(secret)));
  let cuts = 0;
  for (let cutAt = 1; ; cutAt++) {
    const card = changed();
    try {
      card.start({ cutAt });
      card.remove();
      break;
    } catch (error) {
      if (!(error instanceof Cut)) throw error;
    }
    cuts++;
    assert.match(access(card), /^mqtt:\/\/(old old|new new)-password$/, `call ${cutAt}`);
    assert.deepEqual(card.start().faults, [], `call ${cutAt}`);
    assert.deepEqual(picture(card.root), wanted, `call ${cutAt}`);
    card.remove();
  }
  assert.ok(cuts > 60, `${cuts} calls`);
});

test('a second cut while the first is being mended changes nothing of that', () => {
  const whole = changed();
  whole.start();
  const wanted = picture(whole.root);
  for (const seed of seeds(20)) {
    const random = new Random(seed);
    const card = changed();
    for (let cuts = 0; cuts < 3; cuts++) {
      try {
        card.start({ cutAt: random.integer(1, 110) });
      } catch (error) {
        if (!(error instanceof Cut)) throw error;
      }
      assert.match(access(card), /^mqtt:\/\/(old old|new new)-password$/);
    }
    assert.deepEqual(card.start().faults, []);
    assert.deepEqual(picture(card.root), wanted);
    card.remove();
  }
});

test('a wipe of which the card has written any of the bytes is brought to its end', () => {
  const card = new Card();
  const file = card.path('boot/firmware/edgepool.yaml');
  const folder = card.path('data');
  const before = Buffer.from(NEW);
  const after = Buffer.from(`${NEW.replace('new-network', '~          ')}# A note behind it.\n`);
  for (const seed of seeds(50)) {
    const random = new Random(seed);
    const wipe = new Wipe(new Disk(), folder);
    wipe.begin(before, after);
    const torn = Buffer.alloc(random.integer(before.length, after.length));
    for (let at = 0; at < torn.length; at++) {
      torn[at] = (random.next() < 0.5 ? before[at] : after[at]) ?? random.integer(0, 255);
    }
    writeFileSync(file, torn);
    assert.ok(wipe.pending);
    wipe.finish(file);
    assert.equal(readFileSync(file, 'utf8'), after.toString());
    assert.ok(!wipe.pending);
  }
});

test('a file that somebody has changed meanwhile is not wiped over', () => {
  const card = new Card();
  const wipe = new Wipe(new Disk(), card.path('data'));
  for (const changed of [NEW.replace('mqtt://new', 'mqtt://own'), '', `${NEW}${'#'.repeat(999)}`]) {
    card.settings = changed;
    wipe.begin(Buffer.from(NEW), Buffer.from(NEW.replace('new-network', '~          ')));
    wipe.finish(card.path('boot/firmware/edgepool.yaml'));
    assert.equal(card.settings, changed);
  }
  wipe.begin(Buffer.from('a'), Buffer.from('b'));
  wipe.finish(null);
  assert.ok(!wipe.pending);
});

test('a file counts only after its bytes and its name are on the disk', () => {
  const card = changed();
  const calls: [string, string][] = [];
  const disk = new Disk((call, file) => calls.push([call, file]));
  const file = card.path('data/board/a');
  disk.replace(file, Buffer.from('a'), { mode: 0o600, owner: null });
  disk.link('b', card.path('data/board/l'));
  disk.overwrite(file, Buffer.alloc(600, 'b'));
  disk.remove(file);
  const named = calls.map(([call, path]) => `${call} ${path.slice(card.path('data/').length)}`);
  assert.deepEqual(named, [
    ...[
      'open board/a.new',
      'write board/a.new',
      'fsync board/a.new',
      'rename board/a',
      'fsync board',
    ],
    ...['link board/l.new', 'rename board/l', 'fsync board'],
    ...['open board/a', 'write board/a', 'write board/a', 'truncate board/a', 'fsync board/a'],
    ...['remove board/a', 'fsync board'],
  ]);
});
