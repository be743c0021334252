/** Commands to the real program that streams: over its socket, and by the command line. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Answer } from '../../app/control/answer.ts';
import { ask } from '../../app/control/client.ts';
import { COMMANDS } from '../../app/control/commands.ts';
import { Edgepool, edgepool } from '../support/edgepool.ts';
import { Random, seeds } from '../support/random.ts';
import { readReport } from '../support/report.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { until } from '../support/until.ts';

const scratch = scratchFolder();
const socket = join(scratch.path, 'control.sock');
const folder = join(scratch.path, 'models');
const environment = {
  EDGEPOOL_CONTROL_SOCKET: socket,
  EDGEPOOL_CONTROL_MODELS_FOLDER: folder,
  EDGEPOOL_REGION_CAPACITY_MB: '64',
  EDGEPOOL_SNAPSHOTS_FOLDER: join(scratch.path, 'pictures'),
};
const TINY = join(folder, 'tiny.tflite');
const MODELS = ['a', 'b'].flatMap((name) => ['--model', `${TINY},name=${name}`]);
const RUN = ['run', ...MODELS, '--broker', 'none'];
const SWITCHES = Number(process.env.EDGEPOOL_TEST_SWITCHES ?? 100);
const MESSAGES = Number(process.env.EDGEPOOL_TEST_MESSAGES ?? 3000);

let program: Edgepool;

before(async () => {
  mkdirSync(folder);
  for (const name of ['tiny', 'tiny_int8']) {
    copyFileSync(`${ROOT}build/models/${name}.tflite`, join(folder, `${name}.tflite`));
  }
  scratch.write('models/broken.tflite', 'not a model');
  scratch.write('outside.tflite', 'not a model');
  symlinkSync(join(scratch.path, 'outside.tflite'), join(folder, 'leaves.tflite'));
  program = new Edgepool(RUN, { environment });
  await program.says('ready');
});
after(() => {
  program.child.kill('SIGKILL');
});

const command = (...args: string[]) => edgepool(args, { environment });
const asked = (name: string, args: object = {}) => ask(socket, name, args);

async function done(name: string, args: object = {}): Promise<Answer & { ok: true }> {
  const answer = await asked(name, args);
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer;
}

async function running(): Promise<string[]> {
  const { models } = (await done('models')) as unknown as { models: { name: string }[] };
  return models.map(({ name }) => name);
}

/** Every frame that is due goes to this model: `invokes` of the two keep step with the frames. */
async function invokesOf(name: string): Promise<number> {
  const { models } = (await done('models')) as unknown as {
    models: { name: string; invokes: number }[];
  };
  return models.find((model) => model.name === name)?.invokes ?? 0;
}

test('the socket is the user’s alone', () => {
  assert.equal(statSync(socket).mode & 0o777, 0o600);
});

test('reading verbs answer with tables, and with --json', async () => {
  const status = await command('status', '--json');
  assert.deepEqual([status.status, status.err], [0, '']);
  const told = JSON.parse(status.out);
  assert.equal(told.pid > 0 && told.models.join(), 'a,b');
  assert.ok(told.frames.captured > 0);
  assert.ok(told.board.space.root.free_bytes > 0);
  const pools = await command('pools');
  assert.equal(pools.status, 0);
  assert.match(pools.out, /^ {2}pool +quota +mapped +live +peak +used +ext\. frag\.\n {2}a +/);
  const models = await command('models');
  assert.match(models.out, /^ {2}model +file .*\n {2}a +tiny\.tflite /);
  assert.match(models.out, /available +broken\.tflite, leaves\.tflite, tiny\.tflite, tiny_int8/);
});

test('a model comes, gets other turns, is switched and goes by commands', async () => {
  const loaded = await command('load', 'tiny_int8', '--as', 'c', '--every', '3', '--json');
  assert.deepEqual([loaded.status, loaded.err], [0, '']);
  assert.equal(JSON.parse(loaded.out).file, 'tiny_int8.tflite');
  assert.deepEqual(await running(), ['a', 'b', 'c']);
  await until('it answers', async () => (await invokesOf('c')) > 2);
  const set = await command('set', 'c', '--every', '2', '--priority', '5', '--json');
  assert.deepEqual([set.status, set.err], [0, '']);
  const { schedule } = JSON.parse(set.out);
  assert.deepEqual([schedule.every, schedule.priority], [2, 5]);
  const switched = await done('switch', { model: 'c', file: 'tiny.tflite', as: 'd' });
  assert.deepEqual([switched.model, switched.replaced], ['d', 'c']);
  assert.deepEqual(await running(), ['a', 'b', 'd']);
  const kept = (await done('models')) as unknown as {
    models: { name: string; schedule: object }[];
  };
  const turns = kept.models.find(({ name }) => name === 'd')?.schedule;
  assert.deepEqual({ ...turns }, { ...schedule }, 'turns stay with the place');
  await done('unload', { model: 'd' });
  assert.deepEqual(await running(), ['a', 'b']);
});

test('a model is parked, waits and comes back by commands', async () => {
  const parked = await command('park', 'b', '--json');
  assert.deepEqual([parked.status, parked.err], [0, '']);
  assert.equal(JSON.parse(parked.out).state, 'parked');
  assert.deepEqual(await running(), ['a']);
  const { parked: waiting } = (await done('places')) as unknown as { parked: object[] };
  assert.equal(waiting.length, 1);
  const again = await asked('park', { model: 'b' });
  assert.match(again.ok ? '' : again.error, /^model b: is parked already$/);
  await done('restore', { model: 'b' });
  assert.deepEqual(await running(), ['a', 'b']);
  const before = await invokesOf('b');
  await until('it answers again', async () => (await invokesOf('b')) > before);
});

test('a source changes its size and starts again by commands', async () => {
  await done('resolution', { width: 320, height: 240 });
  await done('restart-source');
  const before = await invokesOf('a');
  await until('frames flow', async () => (await invokesOf('a')) > before + 10);
  await done('resolution', { width: 640, height: 480 });
});

test('a snapshot is kept as a file, and shows that it was taken', async () => {
  const taken = await command('snapshot', '--json');
  assert.deepEqual([taken.status, taken.err], [0, '']);
  const { source, frame, bytes, file } = JSON.parse(taken.out);
  assert.equal(source, 'camera');
  assert.ok(frame > 0);
  const jpeg = readFileSync(file);
  assert.deepEqual([jpeg.length, jpeg.readUInt16BE(0)], [bytes, 0xffd8]);
  const small = await done('snapshot', { source: 'camera', width: 64 });
  assert.ok(Number(small.bytes) < bytes && Number(small.frame) > frame);
  const { sources } = (await done('status')) as unknown as { sources: { snapshots: number }[] };
  assert.equal(sources[0]?.snapshots, 2);
});

test('analyze answers the plan of a model of the folder', async () => {
  const answer = (await done('analyze', { file: 'tiny' })) as unknown as {
    pool: { quota_bytes: number };
    sha256: string;
  };
  assert.match(answer.sha256, /^[0-9a-f]{64}$/);
  assert.ok(answer.pool.quota_bytes > 0);
});

test('what is wrong is answered in one line that says what to do, and changes nothing', async () => {
  const cases: [string, unknown, RegExp][] = [
    ['lod', {}, /^"lod" is not a command; the nearest is load$/],
    ['load', {}, /^load: file is missing$/],
    ['load', { file: 7 }, /^load: file is 7; it must be text$/],
    ['load', { file: 'tiny', evry: 2 }, /"evry" is not an argument; the nearest is every$/],
    ['load', { file: 'tiny', as: 'a' }, /^model a: runs already/],
    ['load', { file: '../outside' }, /must be the name of a file in .*, not a path$/],
    ['load', { file: '/etc/passwd' }, /not a path$/],
    ['load', { file: 'leaves' }, /is a link that leaves .*; put the file itself there$/],
    ['load', { file: 'nobody' }, /is not in .*; the nearest is /],
    ['load', { file: 'broken', as: 'x' }, /broken\.tflite/],
    ['switch', { model: 'a', file: 'broken' }, /broken\.tflite/],
    ['switch', { model: 'x', file: 'tiny' }, /^no model has the name x; there are: a, b$/],
    ['unload', { model: 'x' }, /^no model has the name x; there are: a, b$/],
    ['park', { model: 'x' }, /^no model has the name x; there are: a, b$/],
    ['park', {}, /^park: model is missing$/],
    ['restore', { model: 'x' }, /^no model has the name x; there are: a, b$/],
    ['restore', { model: 'a' }, /^model a: is not parked$/],
    ['places', { model: 'a' }, /"model" is not an argument/],
    ['pools', { model: 'a' }, /"model" is not an argument/],
    ['models', { model: 'a' }, /"model" is not an argument/],
    ['set', { model: 'a' }, /nothing to change is given/],
    ['set', { model: 'a', every: 0 }, /every is 0; it must be at least 1$/],
    ['set', { model: 'a', every: 2, fps: 3 }, /every and fps are both given/],
    ['resolution', { width: 1, height: 1 }, /it must be at least/],
    ['snapshot', { source: 'x' }, /^no source has the name x; there are: camera$/],
    ['snapshot', { width: 1 }, /width is 1; it must be at least 16$/],
    ['restart-source', { source: 'x' }, /^no source has the name x/],
    ['status', [], /the arguments are/],
    ['status', null, /the arguments are/],
    ['analyze', { file: 'broken' }, /broken\.tflite/],
  ];
  for (const [name, args, message] of cases) {
    const answer = await asked(name, args as object);
    assert.ok(!answer.ok, `${name} ${JSON.stringify(args)}`);
    assert.match(answer.error, message);
    assert.doesNotMatch(answer.error, /\n/);
  }
  assert.deepEqual(await running(), ['a', 'b']);
});

test('the command line tells wrong usage from what was refused', async () => {
  const missing = await command('unload');
  assert.equal(missing.status, 2);
  assert.match(missing.err, /^edgepool: unload needs MODEL .*\n$/);
  const many = await command('status', 'now');
  assert.deepEqual([many.status, many.out], [2, '']);
  const refused = await command('unload', 'x');
  const line = 'edgepool: no model has the name x; there are: a, b\n';
  assert.deepEqual([refused.status, refused.out, refused.err], [1, '', line]);
  const nobody = await command('status', '--socket', join(scratch.path, 'none.sock'));
  assert.equal(nobody.status, 1);
  assert.match(nobody.err, /^edgepool: .*none\.sock: no edgepool runs there; start it with .*\n$/);
});

test('a socket that is in use is refused, one that was left behind is replaced', async () => {
  const args = ['run', '--model', TINY, '--broker', 'none'];
  const second = await edgepool([...args, '--duration', '1'], { environment });
  assert.equal(second.status, 1);
  assert.match(second.err, /^edgepool: control\.socket .*: another edgepool answers there; .*\n$/);
  const other = { ...environment, EDGEPOOL_CONTROL_SOCKET: join(scratch.path, 'left.sock') };
  const killed = new Edgepool(args, { environment: other });
  await killed.says('ready');
  killed.child.kill('SIGKILL');
  await killed.end();
  assert.ok(statSync(other.EDGEPOOL_CONTROL_SOCKET).isSocket(), 'it was left behind');
  const again = await edgepool([...args, '--duration', '1'], { environment: other });
  assert.deepEqual([again.status, again.err], [0, '']);
  assert.equal(statSync(other.EDGEPOOL_CONTROL_SOCKET, { throwIfNoEntry: false }), undefined);
});

/** Sends lines as they are and gives back what came, one line each. */
function exchange(lines: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const client = connect(socket);
    let text = '';
    client.setEncoding('utf8');
    client.on('data', (more: string) => {
      text += more;
      if (text.split('\n').length > lines.length) client.destroy();
    });
    client.on('error', reject);
    client.on('close', () => resolve(text.split('\n').slice(0, -1)));
    client.write(lines.map((line) => `${line}\n`).join(''));
  });
}

function anything(random: Random, depth = 0): unknown {
  const words = ['a', 'b', 'tiny', '../x', '', '\u0000', 'x'.repeat(300), 'file', 'every'];
  const word = () => words[Math.floor(random.next() * words.length)] ?? '';
  const simple = [() => null, () => random.next() * 1e9 - 5e8, () => -1, () => true, word];
  const nested = [
    () => Array.from({ length: 3 }, () => anything(random, depth + 1)),
    () => ({ [word()]: anything(random, depth + 1), model: word(), file: word() }),
  ];
  const choices = depth < 3 ? [...simple, ...nested] : simple;
  return choices[Math.floor(random.next() * choices.length)]?.();
}

test('whatever is sent, each line is answered, frames flow on and nothing is left open', async () => {
  const [seed = 1] = seeds(1);
  const random = new Random(seed);
  const handles = () => readdirSync(`/proc/${pid}/fd`).length;
  const { pid } = (await done('status')) as unknown as { pid: number };
  // Those that start a process or wait for a frame are slow, and nothing here restores what is parked.
  const slow = ['analyze', 'snapshot', 'park', 'unload'];
  const names = COMMANDS.map(({ name }) => name).filter((name) => !slow.includes(name));
  const quick = [...names, 'nonsense'];
  const handlesBefore = handles();
  const before = await invokesOf('a');
  for (let sent = 0; sent < MESSAGES; sent += 50) {
    const lines = Array.from({ length: 50 }, () => {
      if (random.next() < 0.1) return String(random.next());
      const name = quick[Math.floor(random.next() * quick.length)];
      return JSON.stringify({ command: name, args: anything(random) });
    });
    const answers = await exchange(lines);
    assert.equal(answers.length, lines.length, `seed ${seed}`);
    for (const answer of answers) assert.equal(typeof JSON.parse(answer).ok, 'boolean');
  }
  assert.match((await exchange(['{"command"']))[0] ?? '', /a line must be/);
  await until('the connections are gone', () => handles() <= handlesBefore);
  await until('frames flow', async () => (await invokesOf('a')) > before);
});

test('a model is switched again and again, and the others miss no frame', async () => {
  const place = join(scratch.path, 'switched.sock');
  const file = join(scratch.path, 'switched.json');
  const switched = new Edgepool([...RUN, '--report', file], {
    environment: { ...environment, EDGEPOOL_CONTROL_SOCKET: place },
  });
  await switched.says('ready');
  for (let round = 0; round < SWITCHES; round += 1) {
    const next = round % 2 === 0 ? 'tiny_int8' : 'tiny';
    const answer = await ask(place, 'switch', { model: 'b', file: next });
    assert.ok(answer.ok, `round ${round}: ${JSON.stringify(answer)}`);
  }
  switched.child.kill('SIGTERM');
  const ended = await switched.end();
  assert.deepEqual([ended.status, ended.err], [0, '']);
  const { frames, steady_state, models } = readReport(file);
  assert.deepEqual(
    models.map(({ name }) => name),
    ['a', 'b'],
  );
  assert.equal(frames.dropped.no_slot, 0);
  const { minor_faults, foreign_allocations } = steady_state;
  assert.deepEqual(
    { minor_faults, foreign_allocations },
    { minor_faults: 0, foreign_allocations: 0 },
  );
  // Its own count stays exact while its neighbour changes, and it was never left out by that.
  const [other] = models;
  assert.equal(other?.steady_state.minor_faults, 0);
  assert.ok((other?.steady_state.frames_covered ?? 0) > SWITCHES, 'it was watched all the time');
  assert.deepEqual([other?.dropped.error, other?.dropped.removed], [0, 0]);
  const missed = frames.captured - (models[0]?.invokes ?? 0);
  assert.ok(missed <= 2, `${missed} of ${frames.captured} frames`);
  assert.equal(statSync(place, { throwIfNoEntry: false }), undefined, 'the socket goes with it');
});
