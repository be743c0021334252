/** The file that a card comes with, and what docs/board.md says of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { boardSettings } from '../../app/config/board-schema.ts';
import { Card } from '../support/card.ts';
import { ROOT } from '../support/root.ts';

const TEMPLATE = readFileSync(
  `${ROOT}yocto/meta-edgepool/recipes-core/edgepool-boot-file/files/edgepool.yaml`,
  'utf8',
);
const PAGE = readFileSync(`${ROOT}docs/board.md`, 'utf8');

function takes(settings: string): Card {
  const card = new Card();
  card.settings = settings;
  card.write('boot/firmware/models/person.tflite', 'model');
  card.write('boot/firmware/models/person.txt', 'person\n');
  assert.deepEqual(card.start().faults, []);
  return card;
}

test('the file that a card comes with sets nothing, with either line end', () => {
  for (const text of [TEMPLATE, TEMPLATE.replaceAll('\n', '\r\n')]) {
    const card = new Card();
    card.settings = text;
    assert.deepEqual(card.start().faults, []);
    assert.match(card.read('data/edgepool/edgepool.yaml'), /\nversion: 1\ncontrol:\n.*models\n$/);
    assert.equal(card.settings, text, 'and is left as it is');
  }
});

test('every example in it is taken once its # is gone', () => {
  const card = takes(TEMPLATE.replace(/^#(?=\S)/gm, '').replace(/^#(?= {2})/gm, ''));
  for (const file of ['network/wpa_supplicant.conf', 'ssh/authorized_keys', 'board/host_name']) {
    assert.ok(card.has(`data/${file}`), file);
  }
});

test('the example of docs/board.md is taken, and every setting of the board stands there', () => {
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(PAGE) ?? [];
  takes(example);
  for (const setting of Object.keys(boardSettings)) {
    assert.ok(PAGE.includes(`| \`${setting}\` |`), setting);
    assert.match(TEMPLATE, new RegExp(`^#${setting}:`, 'm'));
  }
});
