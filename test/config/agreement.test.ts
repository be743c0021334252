import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/load.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const HOUSE = 'mqtt: { broker: "mqtt://broker.local" }';

function load(...lines: string[]) {
  const file = scratch.write('edgepool.yaml', `${lines.join('\n')}\n`);
  return loadConfig({ file, environment: {}, flags: null }).parking;
}

function refusal(...lines: string[]): string {
  try {
    load(...lines);
  } catch (error) {
    return (error as Error).message.replace(`${scratch.path}/`, '');
  }
  return assert.fail(`accepted: ${lines}`);
}

const neighbour = (inside: string) => `parking: { neighbour: { ${inside} } }`;

test('a neighbour is named or looked for, one of the two', () => {
  assert.equal(load(neighbour('url: "redis://a"')).neighbour.discover, false);
  assert.equal(load(neighbour('url: null, mb: 9')).neighbour.url, null);
  assert.equal(load(HOUSE, neighbour('discover: true, ca: house.pem')).neighbour.url, null);
  assert.equal(
    refusal(HOUSE, neighbour('discover: true, url: "redis://a"')),
    'edgepool.yaml:2: parking.neighbour.discover and parking.neighbour.url are both given: ' +
      'give one of them',
  );
  assert.equal(
    refusal(HOUSE, neighbour('username: me')),
    'edgepool.yaml:2: parking.neighbour has neither url nor discover: give one of them',
  );
});

test('a server that anybody may announce is not let in without an authority', () => {
  assert.equal(
    refusal(HOUSE, neighbour('discover: true, password: secret')),
    'edgepool.yaml:2: parking.neighbour.discover needs parking.neighbour.ca: whoever announces a ' +
      'server would be given user and password, if the authority that vouches for yours were not named',
  );
  assert.equal(load(HOUSE, neighbour('url: "redis://a", password: secret')).neighbour.ca, null);
});

test('who looks for memory or announces it needs a broker that others reach', () => {
  const needs = (setting: string, broker: string) =>
    `edgepool.yaml:1: parking.${setting} needs a broker that other boards reach, and mqtt.broker ` +
    `is ${broker}: name the house's`;
  assert.equal(
    refusal(neighbour('discover: true, ca: house.pem')),
    needs('neighbour.discover', 'embedded'),
  );
  const lend = (mb: number) =>
    `parking: { lend: { mb: ${mb}, announce: "rediss://gateway.local" } }`;
  const none = 'mqtt: { broker: none }';
  assert.equal(refusal(lend(64), none), needs('lend.announce', 'none'));
  assert.equal(load(lend(0), none).lend.announce, 'rediss://gateway.local');
  assert.equal(load(lend(64), HOUSE).lend.mb, 64);
});

test('what is announced is an address and nothing else', () => {
  const wrong = [
    'rediss://me:secret@gateway.local',
    'redis://gateway.local:6379',
    'gateway.local:6379',
    'rediss://gateway.local:6379/0',
    'rediss://gateway.local:99999',
  ];
  for (const url of wrong) {
    const message = refusal(HOUSE, `parking: { lend: { mb: 64, announce: "${url}" } }`);
    assert.match(message, /:2: parking\.lend\.announce is .*; it must be a URL such as rediss:/);
    assert.doesNotMatch(message, /secret/);
  }
});
