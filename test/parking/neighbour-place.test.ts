import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { Model } from '../../app/models/model.ts';
import { type NeighbourOptions, NeighbourStore } from '../../app/parking/neighbour-store.ts';
import { documentedRights } from '../support/access-list.ts';
import { Authority } from '../support/certificates.ts';
import { House } from '../support/house.ts';
import {
  afterEachPiece,
  answer,
  comesBack,
  expectLost,
  outside,
  SEVERAL_PIECES,
} from '../support/parked.ts';
import { scratchFolder } from '../support/scratch.ts';
import { SealedPieces } from '../support/sealed-pieces.ts';
import { until } from '../support/until.ts';
import { Valkey } from '../support/valkey.ts';

const scratch = scratchFolder();
const house = new House(64);
const server = await Valkey.start();

function store(more: Partial<NeighbourOptions> = {}, Kind = NeighbourStore): NeighbourStore {
  return new Kind({ ...server.access, expirySeconds: 600, timeoutMs: 2000, ...more });
}

const pieces = new SealedPieces(server);

const load = (name: string): Promise<Model> => house.load({ name, source: SEVERAL_PIECES }, 16);

before(() => house.start());
afterEach(async () => {
  await house.clear();
  await server.with((client) => client.flushall());
});
after(() => house.stop());

test('a model waits in pieces that expire, and comes back', async () => {
  const model = await load('waits');
  const there = outside(store());
  const waits = async () => {
    const seconds = await pieces.secondsLeft();
    assert.ok(seconds.length >= 3);
    assert.ok(
      seconds.every((each) => each > 0 && each <= 600),
      `${seconds}`,
    );
  };
  const back = async () => assert.ok((await pieces.keys()).length >= 3);
  await comesBack(house, there, model, { waits, back });
  await there.place.stop();
  assert.deepEqual(await pieces.keys(), []);
});

test('whatever becomes of a piece, the model answers, and what happened is told', async () => {
  const model = await load('meant');
  const other = await load('other');
  const all = outside(store());
  await all.place.start();
  const notSealed = /^piece \d of a sealed block: is not the one that was sealed here$/;
  const gone = /^place neighbour, redis:\/\/127\.0\.0\.1:\d+: piece 1 is gone/;
  await expectLost(all, model, () => pieces.delete(1), gone);
  await expectLost(all, model, () => pieces.flip(1), notSealed);
  await expectLost(all, model, () => pieces.cut(1, 99), /not 99$/);

  answer(model, 1);
  await all.place.park(model);
  const older = await pieces.take();
  await all.place.restore(model);
  await expectLost(all, model, () => pieces.put(older), notSealed);

  await all.place.park(other);
  const others = await pieces.take();
  await all.place.restore(other);
  await expectLost(all, model, () => pieces.put(others), notSealed);
  assert.deepEqual([all.place.figures().lost, all.told], [5, []]);
  await all.place.stop();
});

/** Whose server is killed, or cut off, once the first piece has gone one way or the other. */
class CutStore extends NeighbourStore {
  static cut: () => Promise<void> | void = () => undefined;
  static way: 'in' | 'out' = 'in';

  override async create(block: string) {
    const incoming = await super.create(block);
    return afterEachPiece(incoming, () => (CutStore.way === 'in' ? CutStore.cut() : undefined));
  }

  override async open(block: string) {
    const outgoing = await super.open(block);
    return {
      ...outgoing,
      read: async (number: number, bytes: number) => {
        if (CutStore.way === 'out' && number === 1) await CutStore.cut();
        return outgoing.read(number, bytes);
      },
    };
  }
}

const ENDS = [
  { how: 'is killed', cut: () => server.kill(), mend: () => server.start() },
  { how: 'is cut off', cut: () => server.cut(), mend: () => server.mend() },
] as const;
for (const { how, cut, mend } of ENDS) {
  test(`a server that ${how} while a model is parked or restored costs time and nothing else`, async () => {
    const model = await load('between');
    const expected = answer(model);
    const { place, told } = outside(store({ timeoutMs: 500 }, CutStore));
    await place.start();
    CutStore.cut = cut;
    CutStore.way = 'in';
    await assert.rejects(place.park(model), /^Error: place neighbour, redis:/);
    assert.deepEqual([place.has(model), model.parking().residence], [false, 'resident']);
    assert.deepEqual(answer(model), expected);
    await assert.rejects(place.park(model), /^Error: place neighbour, redis:/);
    await mend();

    CutStore.way = 'out';
    await place.park(model);
    await place.restore(model);
    assert.deepEqual(answer(model), expected);
    await mend();
    const kinds = told.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['parking_failed', 'parking_failed', 'parked_model_lost']);
    const { failures, lost } = place.figures();
    assert.deepEqual([failures, lost], [2, 1]);
    // It is used again.
    CutStore.cut = () => undefined;
    await place.park(model);
    await place.restore(model);
    assert.deepEqual(answer(model), expected);
    assert.equal(place.figures().lost, 1);
    await place.stop();
  });
}

async function expectRefused(options: Partial<NeighbourOptions>, reason: RegExp): Promise<void> {
  const model = await load('refused');
  const expected = answer(model);
  const { place, told } = outside(store(options));
  await place.start();
  await assert.rejects(place.park(model), reason);
  assert.equal(model.parking().residence, 'resident');
  assert.deepEqual(answer(model), expected);
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['parking_failed'],
  );
  await place.stop();
  await house.clear();
}

async function expectTaken(options: Partial<NeighbourOptions>): Promise<void> {
  const model = await load('taken');
  const expected = answer(model);
  const { place } = outside(store(options));
  await place.start();
  for (let round = 0; round < 2; round += 1) {
    await place.park(model);
    await place.restore(model);
  }
  assert.deepEqual(answer(model), expected);
  assert.deepEqual([place.figures().lost, place.figures().unchanged_bytes > 0], [0, true]);
  await place.stop();
  await house.clear();
}

const USER = documentedRights('edgepool', 'right');
const OURS = { username: 'edgepool', password: 'right' };

test('a server with users takes the right password alone, and the documented rights suffice', async () => {
  const { port } = await Valkey.start([...USER, '--user', 'default', 'off']);
  const url = `redis://127.0.0.1:${port}`;
  await expectTaken({ url, ...OURS });
  await expectRefused({ url, ...OURS, password: 'wrong' }, /WRONGPASS/);
  await expectRefused({ url }, /NOAUTH/);
});

test('in a cluster the documented rights suffice too', async () => {
  const file = join(scratch.path, 'nodes.conf');
  const words = ['--cluster-enabled', 'yes', '--cluster-config-file', file];
  const one = await Valkey.start([...words, '--cluster-announce-ip', '127.0.0.1', ...USER]);
  await one.with(async (client) => {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await until('it serves', async () => /state:ok/.test(`${await client.cluster('INFO')}`));
  });
  await expectTaken({ url: `redis://127.0.0.1:${one.port}`, cluster: true, ...OURS });
  assert.equal(await one.with((client) => client.dbsize()), 0, 'it may delete what it has left');
});

test('a server is believed by its certificate, as long as that holds', async () => {
  const authority = new Authority(scratch.path, 'authority');
  const ca = authority.pair.certificate;
  const good = await Valkey.start([], authority.issue('good', '127.0.0.1'));
  const url = `rediss://127.0.0.1:${good.port}`;
  await expectTaken({ url, ca });
  await expectRefused({ url }, /unable to verify|self.signed/i);
  const old = await Valkey.start([], authority.issue('old', '127.0.0.1', -1));
  await expectRefused({ url: `rediss://127.0.0.1:${old.port}`, ca }, /certificate has expired/);
});

/** It refuses us from the time on at which the model waits there, and says why. */
async function expectRefusedBack(
  options: Partial<NeighbourOptions>,
  refuse: () => Promise<void>,
  reason: RegExp,
): Promise<void> {
  const model = await load('returns');
  const there = outside(store(options));
  await there.place.start();
  await expectLost(there, model, refuse, /^place neighbour, redis/);
  await assert.rejects(there.place.park(model), reason);
  assert.deepEqual(
    there.told.map(({ kind }) => kind),
    ['parking_failed'],
  );
  await there.place.stop();
  await house.clear();
}

test('a server that takes the password no more while a model waits costs time and nothing else', async () => {
  const guarded = await Valkey.start(['--user', 'edgepool', 'on', '>right', '~*', '+@all']);
  const url = `redis://127.0.0.1:${guarded.port}`;
  const refuse = () =>
    guarded.with(async (client) => {
      await client.call('ACL', 'SETUSER', 'edgepool', 'resetpass', '>other');
      await client.call('ACL', 'SETUSER', 'default', 'off');
      await client.call('CLIENT', 'KILL', 'USER', 'edgepool');
    });
  await expectRefusedBack({ url, username: 'edgepool', password: 'right' }, refuse, /WRONGPASS/);
});

test('a certificate that expires while a model waits costs time and nothing else', async () => {
  const authority = new Authority(scratch.path, 'later');
  const ca = authority.pair.certificate;
  const expired = authority.issue('expired', '127.0.0.1', -1);
  const good = await Valkey.start([], authority.issue('valid', '127.0.0.1'));
  const refuse = () =>
    good.with(async (client) => {
      const files = ['tls-cert-file', expired.certificate, 'tls-key-file', expired.key];
      await client.call('CONFIG', 'SET', ...files);
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    });
  const url = `rediss://127.0.0.1:${good.port}`;
  await expectRefusedBack({ url, ca }, refuse, /certificate has expired/);
});
