import assert from 'node:assert/strict';
import { test } from 'node:test';
import { regionPicture } from '../../app/telemetry/console/region-picture.ts';
import { wantsColour, width } from '../../app/telemetry/console/text.ts';
import { Random, seeds } from '../support/random.ts';

const MIB = 2 ** 20;
const plain = { columns: 80, colour: false };

test('each pool is a block as long as its share, the rest is free', () => {
  const blocks = [
    { name: 'runtime', bytes: 8 * MIB },
    { name: 'frames', bytes: 24 * MIB },
    { name: 'mobilenet', bytes: 13 * MIB },
  ];
  assert.deepEqual(regionPicture(blocks, 76 * MIB, plain), [
    `  ${'a'.repeat(8)}${'b'.repeat(24)}${'c'.repeat(13)}${'.'.repeat(31)}`,
    '  a runtime 8.0  b frames 24.0  c mobilenet 13.0  . free 31.0',
  ]);
});

test('a tiny pool still has a cell, and the bar is always full', () => {
  const blocks = [
    { name: 'tiny', bytes: 1 },
    { name: 'huge', bytes: 1000 * MIB },
  ];
  const [bar] = regionPicture(blocks, 1001 * MIB, plain);
  assert.equal(bar, `  a${'b'.repeat(74)}.`);
});

test('colours change nothing but the signs, and are off where the user wants none', () => {
  const blocks = [{ name: 'runtime', bytes: 8 * MIB }];
  const coloured = regionPicture(blocks, 76 * MIB, { columns: 80, colour: true });
  assert.equal(width(coloured[0] ?? ''), 78);
  assert.ok(coloured.join('').includes('\u001b['));
  assert.ok(
    !regionPicture(blocks, 76 * MIB, plain)
      .join('')
      .includes('\u001b'),
  );
  assert.equal(wantsColour({ NO_COLOR: '1', TERM: 'xterm' }), false);
  assert.equal(wantsColour({ TERM: 'dumb' }), false);
  assert.equal(wantsColour({ NO_COLOR: '', TERM: 'xterm' }), true);
});

test('no line is wider than the terminal, whatever the pools', () => {
  const [seed = 1] = seeds(1);
  const random = new Random(seed);
  for (let round = 0; round < 200; round++) {
    const columns = 40 + Math.floor(random.next() * 60);
    const blocks = Array.from({ length: 1 + Math.floor(random.next() * 20) }, (_, index) => ({
      name: 'n'.repeat(1 + Math.floor(random.next() * 63)),
      bytes: Math.floor(random.next() ** 4 * 100 * MIB) + index,
    }));
    const capacity = blocks.reduce((sum, { bytes }) => sum + bytes, 0) * (1 + random.next());
    const lines = regionPicture(blocks, capacity, { columns, colour: random.next() < 0.5 });
    for (const line of lines) assert.ok(width(line) <= columns, `seed ${seed}: ${line}`);
    assert.equal(width(lines[0] ?? ''), columns - 2, `seed ${seed}`);
  }
});
