import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments } from '../../app/cli/arguments.ts';

const shape = { valued: ['--fps', '--model'], plain: ['--json'], words: true };

function parse(...args: string[]) {
  const { values, plain, words } = parseArguments(args, shape);
  return { values: Object.fromEntries(values), plain: [...plain], words };
}

test('values follow after a space or an equals sign, and add up', () => {
  assert.deepEqual(parse('--model', 'a', '--fps=3', '--model=b=c', 'word', '--json'), {
    values: { '--model': ['a', 'b=c'], '--fps': ['3'] },
    plain: ['--json'],
    words: ['word'],
  });
});

test('after -- everything is a word, and a single dash is one', () => {
  assert.deepEqual(parse('-', '--', '--fps', '-x').words, ['-', '--fps', '-x']);
});

test('wrong usage is named', () => {
  assert.throws(() => parse('--fsp', '3'), {
    name: 'UsageError',
    message: '--fsp is not an option; the nearest is --fps',
  });
  assert.throws(() => parse('--fps'), { message: '--fps needs a value' });
  assert.throws(() => parse('--fps='), { message: '--fps needs a value' });
  assert.throws(() => parse('--json=1'), { message: '--json takes no value' });
  assert.throws(() => parseArguments(['word'], { ...shape, words: false }), {
    message: '"word" is one word too many: options begin with --',
  });
});
