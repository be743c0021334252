/** What people write into the file, and what they are told. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { Card } from '../support/card.ts';

/** A fresh card with this file is refused with just these lines, and nothing is taken. */
function refuses(settings: string | Uint8Array, ...faults: (string | RegExp)[]): void {
  const card = new Card();
  card.settings = settings;
  const before = card.settings;
  const said = card.start().faults;
  assert.equal(said.length, faults.length, said.join('\n'));
  faults.forEach((fault, index) => {
    const line = said[index] ?? '';
    if (typeof fault === 'string') assert.equal(line, fault);
    else assert.match(line, fault);
    assert.doesNotMatch(line, /\n/);
  });
  assert.equal(card.has('data/board/seen.yaml'), false);
  assert.equal(card.settings, before, 'a refused file is left as it is');
  card.remove();
}

test('a key that is no setting is refused with its line and the nearest one', () => {
  refuses(
    'mqtt:\n  brokr: mqtt://house\nwifi:\n  country: DE\n  sid: home\ntimezone: UTC\n',
    'edgepool.yaml:2: mqtt.brokr is not a setting; the nearest is mqtt.broker',
    'edgepool.yaml:3: wifi.ssid is missing',
    'edgepool.yaml:5: wifi.sid is not a setting; the nearest is wifi.ssid',
    'edgepool.yaml:6: timezone is not a setting; the nearest is time_zone',
  );
});

test('wrong values are told together, a line each, and no secret with them', () => {
  refuses(
    'fps: fast\nsource: camera\nwifi: {country: de, ssid: home, password: short}\n' +
      'dashboard: {token: [1, 2]}\nssh_keys: ["-----BEGIN OPENSSH PRIVATE KEY-----"]\n',
    'edgepool.yaml:1: fps is "fast"; it must be a number',
    'edgepool.yaml:2: source is "camera"; it must be a section with settings of its own',
    'edgepool.yaml:3: wifi.country is "de"; it must be the two capital letters of a country, such as DE',
    'edgepool.yaml:3: wifi.password is not usable; it must have 8 to 63 characters without accents',
    'edgepool.yaml:4: dashboard.token is not usable; it must be text or null',
    /^edgepool\.yaml:5: ssh_keys\[0\] is not usable; it must be a public key as in a \.pub file/,
  );
});

test('what is no YAML is refused with its line', () => {
  refuses('mqtt:\n\tbroker: none\n', /^edgepool\.yaml:2: not valid YAML: /);
  refuses('mqtt: [\n', /^edgepool\.yaml:2: not valid YAML: /);
  refuses('just words\n', /^edgepool\.yaml:1: must hold settings, one a line/);
  refuses('- a\n- b\n', /^edgepool\.yaml:1: must hold settings/);
  refuses(
    'fps: 30\nmqtt: {broker: none}\nfps: 15\n',
    'edgepool.yaml:3: a key of this section is there a second time: take one of them away',
  );
  refuses('a: &a x\nb: *a\n', 'edgepool.yaml:2: *a must be written out');
});

test('what is no text is refused', () => {
  refuses('', 'edgepool.yaml: is empty; write settings into it, or a comment for none');
  refuses('\ufeff \r\n', /is empty/);
  refuses('#'.repeat(65537), 'edgepool.yaml: 65537 bytes are too many; 65536 are allowed');
  refuses(
    Buffer.from('\ufefffps: 30\n', 'utf16le'),
    'edgepool.yaml: is in UTF-16; save it as UTF-8',
  );
  refuses(Buffer.from([0x66, 0, 1]), 'edgepool.yaml: is no text (byte 2 is 0); save it as UTF-8');
  refuses(
    Buffer.from('fps: 30\nhost_name: k\u00fcche\n', 'latin1'),
    'edgepool.yaml:2: has a character that is not UTF-8; save it as UTF-8',
  );
});

test('a password in the URL of the broker is refused, and not shown', () => {
  refuses(
    'mqtt: {broker: "mqtt://me:secret99@house"}\n',
    'edgepool.yaml:1: mqtt.broker holds a user or a password; write them as mqtt.username and mqtt.password',
  );
});

test('settings that name files of passwords are not for this file', () => {
  refuses(
    'mqtt: {password_file: x}\n',
    'edgepool.yaml:1: mqtt.password_file is not a setting; the nearest is mqtt.password',
  );
});

test('a time zone that does not exist, and settings that contradict each other', () => {
  refuses(
    'time_zone: Europe/Berln\n',
    'edgepool.yaml:1: time_zone Europe/Berln is not known; take Area/City',
  );
  refuses(
    'source: {kind: pattern}\nsources: {a: {kind: pattern}}\n',
    /^edgepool\.yaml:1: source and sources are both given/,
  );
});

test('a file of another name is pointed out', () => {
  for (const name of ['edgepool.yaml.txt', 'edgepool.yml', 'Edgepool.txt']) {
    const card = new Card();
    card.write(`boot/firmware/${name}`, 'fps: 30\n');
    assert.deepEqual(card.start().faults, [
      `${name}: has another name than edgepool.yaml; rename it`,
    ]);
  }
});

test('Windows line ends, a byte order mark and capitals in the name are no fault', () => {
  const card = new Card();
  card.write(
    'boot/firmware/EDGEPOOL.YAML',
    '\ufeffmqtt:\r\n  broker: mqtt://house\r\n  password: hunter22\r\n',
  );
  assert.deepEqual(card.start().faults, []);
  assert.match(card.read('data/edgepool/edgepool.yaml'), /broker: mqtt:\/\/house\n/);
  const left = card.read('boot/firmware/EDGEPOOL.YAML');
  assert.match(
    left,
    /^\ufeffmqtt:\r\n {2}broker: mqtt:\/\/house\r\n {2}password: ~ {7}\r\n\r\n# ~ stands/,
  );
  assert.doesNotMatch(left, /[^\r]\n/);
});

test('no file is no fault: what was taken before stays', () => {
  const card = new Card();
  assert.deepEqual(card.start().faults, []);
  assert.equal(card.has('data/edgepool/edgepool.yaml'), false);
  card.settings = 'fps: 15\n';
  card.start();
  rmSync(card.path('boot/firmware/edgepool.yaml'));
  assert.deepEqual(card.start().faults, []);
  assert.match(card.read('data/edgepool/edgepool.yaml'), /^fps: 15$/m);
});

test('text stays text where it looks like a number or a truth', () => {
  const card = new Card();
  card.settings =
    'wifi: {country: NO, ssid: 007, password: 0012345678}\n' +
    'mqtt: {username: on, password: 1e5}\nhost_name: 12\n';
  assert.deepEqual(card.start().faults, []);
  const wifi = card.read('data/network/wpa_supplicant.conf');
  assert.match(wifi, /^country=NO$/m);
  assert.match(wifi, new RegExp(`^\\tssid=${Buffer.from('007').toString('hex')}$`, 'm'));
  assert.match(wifi, /^\tpsk="0012345678"$/m);
  assert.equal(card.read('data/board/host_name'), '12\n');
  const [, file] = /password_file: (.*)\n/.exec(card.read('data/edgepool/edgepool.yaml')) ?? [];
  assert.equal(card.read(`data/edgepool/${file}`), '1e5\n');
});
