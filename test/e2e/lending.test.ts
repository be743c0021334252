/** The real program lends what it does not need to a real server, beside its stream. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ask } from '../../app/control/client.ts';
import type { LendingSnapshot } from '../../app/stats/snapshot.ts';
import { Edgepool, ROOT } from '../support/edgepool.ts';
import { readReport } from '../support/report.ts';
import { scratchFolder } from '../support/scratch.ts';
import { until } from '../support/until.ts';
import { Valkey } from '../support/valkey.ts';

const MIB = 2 ** 20;
const OWN_MIB = 8;
const CAPACITY_MIB = 128;
/** Kept by default, of the region. */
const RESERVE = 0.3;
const scratch = scratchFolder();
const socket = join(scratch.path, 'control.sock');
const report = join(scratch.path, 'report.json');
const file = (name: string) => join(ROOT, 'build/models', `${name}.tflite`);

async function done(command: string, args: object = {}): Promise<Record<string, unknown>> {
  const answer = await ask(socket, command, args);
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer;
}

const lending = async () => (await done('places')).lending as LendingSnapshot;

test('memory is lent beside a stream, and comes back for a model that needs it', async () => {
  const server = await Valkey.start(['--maxmemory-policy', 'allkeys-lru']);
  const limitMib = async () => {
    const found = (await server.with((client) => client.config('GET', 'maxmemory'))) as string[];
    return Number(found[1]) / MIB;
  };
  // As a program leaves it that was killed.
  await server.with((client) => client.config('SET', 'maxmemory', `${200 * MIB}`));
  const lend = { mb: CAPACITY_MIB, own_mb: OWN_MIB, url: `redis://127.0.0.1:${server.port}` };
  const settings = {
    ...{ version: 1, models: [{ file: file('tiny_int8') }], mqtt: { broker: 'none' }, report },
    region: { capacity_mb: CAPACITY_MIB, pages: 'ordinary' },
    ...{ parking: { lend }, control: { socket, models_folder: join(ROOT, 'build/models') } },
  };
  const config = scratch.write('config.json', JSON.stringify(settings));
  const program = new Edgepool(['run', '--config', config]);
  await program.says('ready');
  const wantedMib = (1 - RESERVE) * CAPACITY_MIB - 30;
  await until('most is lent', async () => (await lending()).lent_bytes > wantedMib * MIB, 30_000);
  const { lent_bytes: lent } = await lending();
  assert.equal(await limitMib(), OWN_MIB + lent / MIB);

  // More than the reserve holds.
  await done('load', { file: 'mobilenet_v3_large' });
  const { lent_bytes: less } = await lending();
  assert.ok(less < lent, `${less}`);
  assert.ok((await limitMib()) <= OWN_MIB + less / MIB);
  await done('unload', { model: 'mobilenet_v3_large' });
  await until('it is lent again', async () => (await lending()).lent_bytes >= lent, 30_000);
  const { failures, extents_lent, extents_taken_back } = await lending();
  assert.equal(failures, 0);
  assert.ok(extents_lent > lent / (2 * MIB) && extents_taken_back > 0);

  program.child.kill('SIGTERM');
  const { status, err } = await program.end();
  assert.equal(status, 0, err);
  assert.equal(await limitMib(), OWN_MIB);
  const { steady_state, parking } = readReport(report);
  const { lending: told } = parking;
  assert.deepEqual([told?.bound_bytes, told?.failures], [CAPACITY_MIB * MIB, 0]);
  assert.ok((told?.server_used_bytes ?? 0) > 0 && (told?.lent_bytes ?? 0) >= lent);
  assert.deepEqual([steady_state.minor_faults, steady_state.foreign_allocations], [0, 0]);
});
