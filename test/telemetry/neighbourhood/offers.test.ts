import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { offerSchema } from '../../../app/telemetry/neighbourhood/offer-message.ts';
import { Offers, type OffersOptions } from '../../../app/telemetry/neighbourhood/offers.ts';

const STAMP = { boot: '0a1b2c3d', sequence: 1, time: '2026-01-31T12:00:00.000Z' };
const GOOD = { ...STAMP, url: 'rediss://gateway.local:6379', free_bytes: 1 << 20 };
const OF_URL = 'url must be rediss://host:port and nothing else';
const SECOND_MS = 1000;

/** Of a board `own`, on a clock that the test moves. */
function heard(more: Partial<OffersOptions> = {}) {
  const told: [string, string][] = [];
  const clock = { ms: 0 };
  const ignored = (device: string, why: string) => told.push([device, why]);
  const options = { base: 'a/b', device: 'own', lifeMs: SECOND_MS, ignored };
  const offers = new Offers({ ...options, ...more }, () => clock.ms);
  const say = (device: string, value: object | string | null) => {
    const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
    offers.hear({ topic: `a/b/${device}/lending`, payload: Buffer.from(text ?? '') });
  };
  const known = (listening = true) => offers.list(listening).map(({ device }) => device);
  return { offers, say, told, clock, known };
}

test('docs/mqtt/lending.schema.json is the schema (scripts/write-docs.ts writes it)', () => {
  const file = new URL('../../../docs/mqtt/lending.schema.json', import.meta.url);
  assert.equal(readFileSync(file, 'utf8'), `${JSON.stringify(offerSchema, null, 2)}\n`);
});

test('what boards announce is known until they take it back, of every board but our own', () => {
  const { offers, say, told, known } = heard();
  assert.equal(offers.topic, 'a/b/+/lending');
  say('own', GOOD);
  say('one', GOOD);
  say('two', { ...GOOD, url: 'rediss://[fe80::1]:7000', more: 'of a later version' });
  const two = { device: 'two', url: 'rediss://[fe80::1]:7000', free_bytes: 1 << 20 };
  assert.deepEqual(offers.list(true), [{ ...two, device: 'one', url: GOOD.url }, two]);
  say('one', { ...GOOD, free_bytes: 5 });
  assert.deepEqual(
    offers.list(true).map(({ free_bytes }) => free_bytes),
    [1 << 20, 5],
  );
  say('two', null);
  assert.deepEqual(known(), ['one']);
  assert.deepEqual(told, []);
});

const BAD: [object | string, string][] = [
  ['{', 'it is no JSON'],
  ['[]', 'it must be object'],
  ['null', 'it must be object'],
  [{ ...STAMP, free_bytes: 1 }, "it must have required property 'url'"],
  [{ ...GOOD, free_bytes: -1 }, 'free_bytes must be >= 0'],
  [{ ...GOOD, free_bytes: '9' }, 'free_bytes must be integer'],
  [{ ...GOOD, boot: 'no' }, 'boot must match pattern "^[0-9a-f]{8}$"'],
  [{ ...GOOD, padding: ' '.repeat(2000) }, 'it has more than 1024 bytes'],
  ...[
    'redis://gateway.local:6379',
    'https://gateway.local:6379',
    'rediss://user@gateway.local:6379',
    'rediss://user:secret@gateway.local:6379',
    'rediss://:secret@gateway.local',
    'rediss://gateway.local:6379/0',
    'rediss://gateway.local?password=secret',
    'rediss://gateway.local:0',
    'rediss://gateway.local:65536',
    'rediss://gate way:6379',
    'rediss://gateway.local\n:6379',
    'rediss://',
    'rediss://[::::1]:6379',
    'unix:///run/redis.sock',
    `rediss://${'a'.repeat(300)}:6379`,
  ].map((url): [object, string] => [{ ...GOOD, url }, OF_URL]),
];

test('what cannot be used is told once, without a word of it, and takes back what was good', () => {
  for (const [value, why] of BAD) {
    const { say, told, known } = heard();
    say('one', GOOD);
    say('one', value);
    say('one', value);
    assert.deepEqual([known(), told], [[], [['one', why]]], JSON.stringify(value));
    say('one', GOOD);
    assert.deepEqual(known(), ['one']);
  }
});

test('an announcement that is not renewed is forgotten, unless nobody could have heard it', () => {
  const { offers, say, clock, known } = heard();
  say('one', GOOD);
  clock.ms = 0.9 * SECOND_MS;
  say('two', GOOD);
  clock.ms = 1.5 * SECOND_MS;
  assert.deepEqual(known(), ['two']);
  clock.ms = 60 * SECOND_MS;
  assert.deepEqual(known(false), ['two'], 'the broker is away');
  offers.renew();
  assert.deepEqual(known(), ['two'], 'it is told again or not from now on');
  clock.ms += 1.1 * SECOND_MS;
  assert.deepEqual(known(), []);
});

test('many boards, or names that are none, fill no memory and no log', () => {
  const { say, told, clock, known } = heard();
  for (let number = 0; number < 1000; number += 1) say(`board-${number}`, GOOD);
  assert.equal(known().length, 16);
  assert.equal(told.length, 64);
  assert.deepEqual(told[0], ['board-16', '16 others are known already']);
  say('board-3', { ...GOOD, free_bytes: 7 });
  assert.equal(known().length, 16, 'one that is known may go on');
  clock.ms = 2 * SECOND_MS;
  say('board-999', GOOD);
  assert.deepEqual(known(), ['board-999'], 'room is made by those that are gone');
  const other = heard();
  other.say('a name', GOOD);
  other.say('n'.repeat(5000), GOOD);
  const why = 'that is no name of a device';
  assert.deepEqual(other.told, [
    ['a name', why],
    ['n'.repeat(63), why],
  ]);
  assert.deepEqual(other.known(), []);
});
