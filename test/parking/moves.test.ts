import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Guest, nextMove, roomFrom } from '../../app/parking/moves.ts';

const NOW = 1e12;
const ms = (value: number) => NOW + value * 1e6;

/** Present and idle, 10 bytes large, due in 400 ms. */
function guest(name: string, of: Partial<Guest> = {}): Guest {
  return {
    ...{ name, keep: 'warm', present: true, bytes: 10, busy: false },
    ...{ waitingSinceNs: null, dueNs: ms(400), restoreNs: 10e6 },
    ...of,
  };
}
const away = { present: false } as const;

/** The move in short: who leaves, who comes. */
function said(guests: readonly Guest[], free: number): string {
  const move = nextMove(guests, free, NOW);
  if (move === null) return 'nothing';
  const left = move.park.map(({ name }) => name).join(' ') || 'nobody';
  return `${left} for ${move.restore?.name ?? 'nobody'}`;
}

test('with all models there and none cold nothing moves', () => {
  assert.equal(said([guest('a'), guest('b', { waitingSinceNs: ms(-1) })], 0), 'nothing');
});

test('a model for which a frame waits is brought back, into free memory where there is some', () => {
  const b = guest('b', { ...away, waitingSinceNs: ms(-1) });
  assert.equal(said([guest('a'), b], 10), 'nobody for b');
  assert.equal(said([guest('a'), b], 9), 'a for b');
});

test('the model whose turn is the furthest away makes room, and no more of them than needed', () => {
  const wanted = guest('w', { ...away, bytes: 15, waitingSinceNs: ms(-1) });
  const guests = [200, 500, 300].map((due) => guest(`due${due}`, { dueNs: ms(due) }));
  assert.equal(said([wanted, ...guests], 5), 'due500 for w');
  assert.equal(said([wanted, ...guests], 0), 'due500 due300 for w');
});

test('who is resident, at work or has a frame waiting makes no room', () => {
  const wanted = guest('w', { ...away, waitingSinceNs: ms(-1) });
  const kept = [
    guest('resident', { keep: 'resident', dueNs: Number.POSITIVE_INFINITY }),
    guest('busy', { busy: true }),
    guest('waiting', { waitingSinceNs: ms(-2) }),
  ];
  assert.equal(said([wanted, ...kept], 9), 'nothing');
  assert.equal(said([wanted, ...kept, guest('idle')], 9), 'idle for w');
});

test('a warm model comes back ahead of its turn, a cold one only when a frame waits', () => {
  const early = { ...away, dueNs: ms(19) };
  assert.equal(said([guest('w', early)], 10), 'nobody for w');
  assert.equal(said([guest('w', { ...early, dueNs: ms(21) })], 10), 'nothing');
  // The time that its own restoring takes counts, twice.
  assert.equal(said([guest('w', { ...away, dueNs: ms(99), restoreNs: 50e6 })], 10), 'nobody for w');
  assert.equal(said([guest('c', { ...early, keep: 'cold' })], 10), 'nothing');
  const waits = { ...early, keep: 'cold', waitingSinceNs: ms(-1) } as const;
  assert.equal(said([guest('c', waits)], 10), 'nobody for c');
});

test('nobody makes room ahead of time for a model whose turn comes after its own', () => {
  const wanted = guest('w', { ...away, dueNs: ms(15) });
  assert.equal(said([wanted, guest('sooner', { dueNs: ms(14) })], 0), 'nothing');
  assert.equal(said([wanted, guest('later', { dueNs: ms(16) })], 0), 'later for w');
});

test('frames that wait are served in their order, before turns that only come', () => {
  const guests = [
    guest('due', { ...away, dueNs: ms(1) }),
    guest('second', { ...away, waitingSinceNs: ms(-1) }),
    guest('first', { ...away, waitingSinceNs: ms(-2) }),
  ];
  assert.equal(said(guests, 10), 'nobody for first');
});

test('where the most urgent one is too large, the next one that fits comes', () => {
  const large = guest('large', { ...away, bytes: 1000, waitingSinceNs: ms(-2) });
  const small = guest('small', { ...away, waitingSinceNs: ms(-1) });
  assert.equal(said([large, small], 10), 'nobody for small');
});

test('a cold model leaves as soon as nothing waits for it, unless its turn comes at once', () => {
  assert.equal(said([guest('a'), guest('cold', { keep: 'cold' })], 0), 'cold for nobody');
  assert.equal(said([guest('cold', { keep: 'cold', dueNs: ms(5) })], 0), 'nothing');
});

test('room is made by as few as suffice, or not at all', () => {
  const guests = [guest('a', { dueNs: ms(1) }), guest('b', { dueNs: ms(2) })];
  assert.deepEqual(roomFrom(guests, 5, 5), []);
  assert.deepEqual(
    roomFrom(guests, 15, 5)?.map(({ name }) => name),
    ['b'],
  );
  assert.equal(roomFrom(guests, 26, 5), null);
});
