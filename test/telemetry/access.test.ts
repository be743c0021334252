/** Which user, password and certificates a device comes with, and what is wrong with them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../app/config/config-error.ts';
import { loadConfig } from '../../app/config/load.ts';
import { readAccess } from '../../app/telemetry/mqtt/access.ts';
import { brokerAddress } from '../../app/telemetry/mqtt/broker-address.ts';
import { Authority } from '../support/certificates.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();

function configure(mqtt: object) {
  return loadConfig({
    file: null,
    environment: {},
    flags: { values: { mqtt }, usage: true, subject: (path) => path.join('.') },
  }).mqtt;
}

function access(mqtt: object, folder?: string) {
  return readAccess(configure({ broker: 'mqtts://host', ...mqtt }), folder);
}

test('the password is the line of its file, without the end of the line', () => {
  const file = scratch.write('password', 'se cret\r\n');
  assert.equal(access({ username: 'me', password_file: file }).password, 'se cret');
});

test('a service manager hands over user and password as credentials', () => {
  scratch.write('mqtt_username', 'service\n');
  scratch.write('mqtt_password', 'handed over\n');
  const { username, password } = access({}, scratch.path);
  assert.deepEqual([username, password], ['service', 'handed over']);
  const given = access({ username: 'me', password: 'mine' }, scratch.path);
  assert.deepEqual([given.username, given.password], ['me', 'mine']);
});

test('without any there is none', () => {
  const { path } = scratchFolder();
  assert.deepEqual(access({}, path), { username: null, password: null, tls: {} });
});

test('a URL may hold user and password, and shows them to nobody', () => {
  const broker = 'mqtts://me:p%40ss@host:8884/';
  const { username, password } = access({ broker });
  assert.deepEqual([username, password], ['me', 'p@ss']);
  assert.equal(brokerAddress(broker).url, 'mqtts://host:8884');
});

test('what does not fit is refused with the setting and what to do', () => {
  const two = scratch.write('two', 'a\nb\n');
  const text = scratch.write('text', 'no certificate\n');
  const authority = new Authority(scratch.path, 'authority');
  const pair = authority.issue('device', 'device');
  const other = authority.issue('other', 'other');
  const cases: [object, RegExp][] = [
    [
      { username: 'me', password_file: '/none' },
      /^mqtt.password_file \/none: cannot be read \(ENOENT\); name/,
    ],
    [{ username: 'me', password_file: two }, /^mqtt.password_file .*two: must hold one line/],
    [{ username: 'me', password: 'a', password_file: two }, /both given: give one of them/],
    [{ password: 'a' }, /^mqtt.username is missing/],
    [{ tls: { ca: '/none' } }, /^mqtt.tls.ca \/none: cannot be read \(ENOENT\)/],
    [{ tls: { ca: text } }, /^mqtt.tls.ca .*text: holds no certificate in PEM/],
    [{ tls: { certificate: pair.certificate } }, /^mqtt.tls.key is missing/],
    [{ tls: { key: pair.key } }, /^mqtt.tls.certificate is missing/],
    [
      { tls: { certificate: pair.certificate, key: other.key } },
      /^mqtt.tls.certificate and key .*other.key: cannot be used \(.*mismatch/,
    ],
    [
      { broker: 'mqtt://me:secret@host', tls: { server_name: 'x' } },
      /^mqtt.tls.server_name is set, and mqtt.broker mqtt:\/\/host is not encrypted: use mqtts/,
    ],
    [{ broker: 'embedded', tls: { server_name: 'x' } }, /mqtt.broker embedded is not encrypted/],
  ];
  for (const [mqtt, message] of cases) assert.throws(() => access(mqtt), { message });
});

test('a password that is no text, or one in a wrong URL, does not stand in the message', () => {
  const check = (mqtt: object, message: RegExp) =>
    assert.throws(
      () => configure(mqtt),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  check({ password: 8151623 }, /^mqtt.password is not usable; it must be text or null$/);
  check({ broker: 'http://me:8151623@host' }, /^mqtt.broker is "http:\/\/\*\*\*@host"; it must/);
});
