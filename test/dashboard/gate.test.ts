import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Gate, readToken } from '../../app/dashboard/gate.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const open = new Gate(null);

test('this machine may be asked by its address and by names of the house', () => {
  const hosts = ['127.0.0.1:8080', 'localhost:8080', '[::1]:8080', '192.168.1.7', 'board.local:80'];
  for (const host of [...hosts, 'board']) assert.equal(open.refusal({ host }), null, host);
});

test('a name of the internet, and a missing one, is refused: it may have been bent to us', () => {
  for (const host of ['evil.example:8080', 'evil.example', '', undefined, 'a:b:c']) {
    assert.match(open.refusal({ host }) ?? '', /not of this machine/, String(host));
  }
});

test('a page of another origin is refused, the own one is not', () => {
  const host = '127.0.0.1:8080';
  assert.equal(open.refusal({ host, origin: `http://${host}` }), null);
  for (const origin of [
    'http://evil.example',
    'http://127.0.0.1:9090',
    'https://127.0.0.1:8080',
    'null',
  ]) {
    assert.match(open.refusal({ host, origin }) ?? '', /another page/, origin);
  }
  assert.equal(open.refusal({ host, 'sec-fetch-site': 'same-origin' }), null);
  assert.equal(open.refusal({ host, 'sec-fetch-site': 'none' }), null);
  for (const site of ['cross-site', 'same-site']) {
    assert.match(open.refusal({ host, 'sec-fetch-site': site }) ?? '', /another page/);
  }
});

test('without a token nobody changes anything, with one who brings it', () => {
  assert.match(open.readOnly({ authorization: 'Bearer x' }) ?? '', /names no token/);
  const gate = new Gate('0123456789abcdef');
  assert.equal(gate.readOnly({ authorization: 'Bearer 0123456789abcdef' }), null);
  for (const authorization of [
    undefined,
    '',
    'Bearer ',
    'Bearer 0123456789abcdeF',
    '0123456789abcdef',
  ]) {
    assert.match(gate.readOnly({ authorization }) ?? '', /missing or wrong/, authorization);
  }
});

test('a token comes from a file, and a bad one is named', () => {
  const file = join(scratch.path, 'token');
  writeFileSync(file, ' 0123456789abcdef \n');
  assert.equal(readToken(file), '0123456789abcdef');
  for (const text of ['', 'short', 'two words of a token', 'ä'.repeat(20)]) {
    writeFileSync(file, text);
    assert.throws(() => readToken(file), /token_file .*token: holds no token/);
  }
  assert.throws(() => readToken(join(scratch.path, 'none')), /cannot be read \(ENOENT\)/);
});
