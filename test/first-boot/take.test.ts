/** What first boot takes, where it lies afterwards, and who may read it. */
import assert from 'node:assert/strict';
import { chownSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/load.ts';
import { Card } from '../support/card.ts';

const KEY = `ssh-ed25519 ${'A'.repeat(68)} me@house`;
const WHOLE = `# Our board
mqtt:
  broker: mqtts://house:8883
  username: board
  password: 'correct horse' # not the cat's name
dashboard:
  address: 0.0.0.0
  token: "0123456789abcdef"
wifi:
  country: DE
  ssid: Café "7"
  password: battery staple
  hidden: true
time_zone: Europe/Berlin
host_name: porch
ssh_keys:
  - ${KEY}
source: {kind: v4l2, path: /dev/video0}
`;

function config(card: Card) {
  const files = [
    card.path('usr/share/edgepool/edgepool.yaml'),
    card.path('data/edgepool/edgepool.yaml'),
  ];
  return loadConfig({ file: files, environment: {}, flags: null });
}

const mode = (file: string): string => (statSync(file).mode & 0o777).toString(8);

test('everything of the file finds its place, and the program can read its part', () => {
  const card = new Card();
  card.settings = WHOLE;
  const { faults, notices } = card.start();
  assert.deepEqual(faults, []);
  assert.deepEqual(notices, ['edgepool.yaml: passwords and tokens were taken']);
  const { mqtt, dashboard, source, region, control } = config(card);
  assert.equal(control.models_folder, card.path('data/edgepool/models'));
  assert.equal(mqtt.broker, 'mqtts://house:8883');
  assert.equal(mqtt.password, null);
  assert.equal(
    card.read(`data/edgepool/${mqtt.password_file?.split('/edgepool/').at(-1)}`),
    'correct horse\n',
  );
  assert.equal(dashboard.address, '0.0.0.0');
  assert.match(dashboard.token_file ?? '', /\/data\/edgepool\/secrets\/page_token\.[0-9a-f]{8}$/);
  assert.deepEqual([source.kind, source.path], ['v4l2', '/dev/video0']);
  assert.equal(region.lock, 'required', 'the settings of the system stay below');
  assert.equal(
    card.read('data/network/wpa_supplicant.conf'),
    `# Caf? "7"
country=DE
network={
\tssid=${Buffer.from('Café "7"').toString('hex')}
\tscan_ssid=1
\tpsk="battery staple"
\tkey_mgmt=WPA-PSK WPA-PSK-SHA256 SAE
\tieee80211w=1
}
`,
  );
  assert.equal(
    readlinkSync(card.path('data/board/localtime')),
    '/usr/share/zoneinfo/Europe/Berlin',
  );
  assert.equal(card.read('data/board/host_name'), 'porch\n');
  assert.match(
    card.read('data/ssh/authorized_keys'),
    new RegExp(`\n${KEY.replaceAll('+', '\\+')}\n$`),
  );
});

test('only the program reads its secrets, and only root the others', () => {
  const card = new Card();
  card.settings = WHOLE;
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(card.path('data/edgepool'), 900, 901);
  card.start();
  for (const file of ['network', 'ssh', 'edgepool/secrets']) {
    assert.equal(mode(card.path(`data/${file}`)), '700', file);
  }
  for (const file of ['network/wpa_supplicant.conf', 'ssh/authorized_keys']) {
    assert.equal(mode(card.path(`data/${file}`)), '600', file);
    assert.equal(statSync(card.path(`data/${file}`)).uid, process.getuid?.());
  }
  const { uid, gid } = statSync(card.path('data/edgepool'));
  const secrets = card.path('data/edgepool/secrets');
  assert.equal(readdirSync(secrets).length, 2);
  for (const file of [secrets, ...readdirSync(secrets).map((name) => join(secrets, name))]) {
    const stat = statSync(file);
    assert.deepEqual([stat.uid, stat.gid], [uid, gid], file);
    if (stat.isFile()) assert.equal(mode(file), '600', file);
  }
  assert.equal(mode(card.path('data/edgepool/edgepool.yaml')), '640');
  assert.equal(card.has('data/board/wiping.json'), false);
});

test('the boot partition keeps the file without its secrets, with a note', () => {
  const card = new Card();
  card.settings = WHOLE;
  card.start();
  const left = card.settings;
  for (const secret of ['correct horse', '0123456789abcdef', 'battery staple']) {
    assert.ok(WHOLE.includes(secret) && !left.includes(secret), secret);
  }
  assert.match(left, /^ {2}password: ~ {14} # not the cat's name$/m);
  assert.match(left, /^# ~ stands for a password or token that the board has taken/m);
  const kept = WHOLE.replace(
    /(password|token): ('[^']*'|"[^"]*"|battery staple)/g,
    (_, key, value) => `${key}: ~${' '.repeat(value.length - 1)}`,
  );
  assert.ok(left.startsWith(kept));
});

test('a second start changes nothing, and the next change keeps what was taken', () => {
  const card = new Card();
  card.settings = WHOLE;
  card.start();
  const settled = new Card(card);
  assert.deepEqual(settled.start(), { faults: [], notices: [] });
  assert.equal(settled.settings, card.settings);
  assert.equal(card.read('data/board/seen.yaml'), card.settings);
  const before = config(card).mqtt.password_file;
  card.settings = card.settings
    .replace('country: DE', 'country: FR')
    .replace('house:8883', 'cabin');
  assert.deepEqual(card.start().faults, []);
  assert.equal(config(card).mqtt.broker, 'mqtts://cabin');
  assert.equal(config(card).mqtt.password_file, before);
  assert.match(
    card.read('data/network/wpa_supplicant.conf'),
    /country=FR\n[\s\S]*psk="battery staple"/,
  );
  card.settings = card.settings.replace(/^ {2}password: ~/m, '  password: another');
  card.start();
  const { password_file } = config(card).mqtt;
  assert.notEqual(password_file, before);
  assert.equal(
    card.read(`data/edgepool/${password_file?.split('/edgepool/').at(-1)}`),
    'another\n',
  );
  assert.equal(readdirSync(card.path('data/edgepool/secrets')).length, 2, 'the old one is gone');
  assert.equal(card.settings.match(/~ stands for/g)?.length, 1);
});

test('what is taken out of the file is taken off the board', () => {
  const card = new Card();
  card.settings = WHOLE;
  card.start();
  card.settings = '# Nothing is set.\n';
  const { faults, notices } = card.start();
  assert.deepEqual(faults, []);
  assert.match(notices.join(), /no broker is named: the one inside the program is used/);
  assert.equal(config(card).mqtt.broker, 'embedded');
  for (const file of [
    'network/wpa_supplicant.conf',
    'board/localtime',
    'board/host_name',
    'ssh/authorized_keys',
  ]) {
    assert.equal(card.has(`data/${file}`), false, file);
  }
  assert.deepEqual(readdirSync(card.path('data/edgepool/secrets')), []);
});

test('keys and settings that somebody has put onto the board by hand stay', () => {
  const card = new Card();
  card.write('data/ssh/authorized_keys', `${KEY}\n`);
  card.write('data/edgepool/edgepool.yaml', 'fps: 12\n');
  card.settings = '# Nothing is set.\n';
  assert.deepEqual(card.start().faults, []);
  assert.equal(card.read('data/ssh/authorized_keys'), `${KEY}\n`);
  assert.equal(card.read('data/edgepool/edgepool.yaml'), 'fps: 12\n');
});

test('a wiped file on a board that has taken nothing is refused: the passwords are nowhere', () => {
  const card = new Card();
  card.settings =
    'mqtt: {password: ~}\nwifi: {country: DE, ssid: a, password: ~}\ndashboard: {token: ~}\n';
  const lost = 'has no value, and the board has taken none: write it';
  assert.deepEqual(card.start().faults, [
    `edgepool.yaml:1: mqtt.password ${lost}`,
    `edgepool.yaml:3: dashboard.token ${lost}`,
    `edgepool.yaml:2: wifi.password ${lost}`,
  ]);
  assert.equal(card.has('data/network/wpa_supplicant.conf'), false);
});

test('a network without a password is an open one', () => {
  const card = new Card();
  card.settings = 'wifi: {country: DE, ssid: guests}\n';
  assert.deepEqual(card.start().faults, []);
  assert.match(card.read('data/network/wpa_supplicant.conf'), /^\tkey_mgmt=NONE$/m);
});

test('after a bad file the settings that were taken before stay, and the report says why', () => {
  const card = new Card();
  card.settings = WHOLE;
  card.start();
  const before = card.read('data/edgepool/edgepool.yaml');
  card.settings = 'mqtt: {brokr: none}\n';
  const fault = 'edgepool.yaml:1: mqtt.brokr is not a setting; the nearest is mqtt.broker';
  for (let start = 1; start <= 2; start++) assert.deepEqual(card.start().faults, [fault]);
  assert.equal(card.read('data/edgepool/edgepool.yaml'), before);
  assert.equal(card.has('data/board/seen.yaml'), false);
  assert.ok(card.read('boot/firmware/edgepool-report.txt').includes(`\r\n${fault}\r\n`));
  assert.deepEqual(JSON.parse(card.read('run/edgepool-first-boot/notices.json')), [
    { event: 'first_boot_refused', faults: [fault], more: 0, runs_on: 'settings taken before' },
  ]);
  card.settings = 'mqtt: {broker: none}\n';
  assert.deepEqual(card.start().faults, []);
  assert.equal(card.has('boot/firmware/edgepool-report.txt'), false);
  assert.equal(card.has('run/edgepool-first-boot/notices.json'), false);
  assert.equal(card.has('data/board/seen.yaml'), true);
});

test('a fresh board whose file is refused joins its network and broker to say so', () => {
  const card = new Card();
  const wrong = `${WHOLE}model: []\n`;
  card.settings = wrong;
  for (let start = 1; start <= 2; start++) {
    const { faults } = card.start();
    assert.deepEqual(faults, ['edgepool.yaml:19: model is not a setting; the nearest is models']);
    const { mqtt, dashboard, source } = config(card);
    assert.equal(mqtt.broker, 'mqtts://house:8883');
    assert.equal(dashboard.address, '127.0.0.1', 'the rest is not taken');
    assert.equal(source.kind, 'pattern');
    assert.ok(card.has('data/network/wpa_supplicant.conf'));
    assert.ok(!card.has('data/ssh/authorized_keys'));
    assert.match(card.read('run/edgepool-first-boot/notices.json'), /"runs_on":"defaults"/);
    assert.equal(card.settings, wrong);
  }
  card.settings = WHOLE.replace('house:8883', 'cabin');
  assert.deepEqual(card.start().faults, []);
  assert.equal(config(card).mqtt.broker, 'mqtts://cabin');
  assert.equal(config(card).source.kind, 'v4l2');
});

test('a broker that is itself at fault is not used to say so', () => {
  const card = new Card();
  card.settings = 'mqtt: {broker: house}\nwifi: {country: DE, ssid: home, password: 12345678}\n';
  assert.equal(card.start().faults.length, 1);
  assert.equal(config(card).mqtt.broker, 'embedded');
  assert.ok(card.has('data/network/wpa_supplicant.conf'));
});

test('a board without a data partition says so, also to the program', () => {
  const card = new Card();
  card.settings = WHOLE;
  rmSync(card.path('data'), { recursive: true });
  const { faults } = card.start();
  const why = 'the data or the boot partition is missing, full or broken';
  assert.deepEqual(faults, [`${card.path('data/board')}: ENOENT; ${why}`]);
  assert.match(card.read('run/edgepool-first-boot/notices.json'), /ENOENT.*"runs_on":"defaults"/);
  assert.equal(card.settings, WHOLE);
});
