import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolChoice } from '../../app/telemetry/mqtt/protocol-choice.ts';

test('MQTT 5 is tried first, and again after a connection that just ended', () => {
  const choice = new ProtocolChoice();
  assert.equal(choice.next, '5');
  choice.ended('other');
  assert.equal(choice.next, '5');
});

test('a broker that says it does not know version 5 is never asked again', () => {
  const choice = new ProtocolChoice();
  choice.ended('version');
  assert.equal(choice.next, '3.1.1');
  choice.ended('unanswered');
  choice.ended('other');
  assert.equal(choice.next, '3.1.1');
});

test('a broker that closes without an answer is asked by turns', () => {
  const choice = new ProtocolChoice();
  choice.ended('unanswered');
  assert.equal(choice.next, '3.1.1');
  choice.ended('unanswered');
  assert.equal(choice.next, '5');
});

test('version 3.1.1 that was only guessed is given up when that connection ends', () => {
  const choice = new ProtocolChoice();
  choice.ended('unanswered');
  choice.ended('other');
  assert.equal(choice.next, '5');
});
