import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Interrupted, Lifecycle } from '../../app/boot/lifecycle.ts';
import type { Part } from '../../app/boot/part.ts';

/** Parts that write down what is done with them; some fail at one of the two. */
function parts(names: string, failing: readonly string[] = []) {
  const done: string[] = [];
  const act = async (what: string) => {
    done.push(what);
    if (failing.includes(what)) throw new Error(what);
  };
  const made = [...names].map(
    (name): Part => ({ start: () => act(`+${name}`), stop: () => act(`-${name}`) }),
  );
  return { made, done };
}

const never = new AbortController().signal;

test('parts start in order and stop in reverse, once', async () => {
  const { made, done } = parts('abc');
  const lifecycle = new Lifecycle(made, never);
  await lifecycle.stop();
  await lifecycle.start();
  await lifecycle.start();
  await lifecycle.stop();
  await lifecycle.stop();
  assert.deepEqual(done, ['+a', '+b', '+c', '-c', '-b', '-a']);
});

test('a part that fails to start is stopped with those before it, and its failure is told', async () => {
  const { made, done } = parts('abc', ['+b', '-a']);
  await assert.rejects(new Lifecycle(made, never).start(), { message: '+b' });
  assert.deepEqual(done, ['+a', '+b', '-b', '-a']);
});

test('a part that fails to stop keeps no other from stopping; the first failure is told', async () => {
  const { made, done } = parts('abc', ['-c', '-b']);
  const lifecycle = new Lifecycle(made, never);
  await lifecycle.start();
  await assert.rejects(lifecycle.stop(), { message: '-c' });
  assert.deepEqual(done.slice(3), ['-c', '-b', '-a']);
});

test('an interruption while it starts ends it between two parts', async () => {
  const controller = new AbortController();
  const { made, done } = parts('abc');
  made[1] = { start: async () => controller.abort(), stop: async () => undefined };
  await assert.rejects(new Lifecycle(made, controller.signal).start(), Interrupted);
  assert.deepEqual(done, ['+a', '-a']);
});
