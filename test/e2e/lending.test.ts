/** The real program lends what it does not need to a real server, beside its stream. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ask } from '../../app/control/client.ts';
import { HUGE_PAGE_BYTES, hugePages } from '../../app/memory/huge-pages.ts';
import type { LendingSnapshot } from '../../app/stats/snapshot.ts';
import { CompanionService } from '../support/companion-service.ts';
import { Edgepool } from '../support/edgepool.ts';
import { testOnHugePages } from '../support/huge-pages.ts';
import { readReport } from '../support/report.ts';
import { ROOT } from '../support/root.ts';
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
const mostIsLent = () => {
  const wantedMib = (1 - RESERVE) * CAPACITY_MIB - 30;
  return until('most', async () => (await lending()).lent_bytes > wantedMib * MIB, 30_000);
};

/** Settings of a program that lends all that it may. */
function lends(pages: 'ordinary' | 'hugetlb', server: Valkey, more: object = {}): string {
  const url = `redis://127.0.0.1:${server.port}`;
  const settings = {
    ...{ version: 1, models: [{ file: file('tiny_int8') }], mqtt: { broker: 'none' }, report },
    region: { capacity_mb: CAPACITY_MIB, pages },
    parking: { lend: { mb: CAPACITY_MIB, own_mb: OWN_MIB, url, ...more } },
    control: { socket, models_folder: join(ROOT, 'build/models') },
  };
  return scratch.write('config.json', JSON.stringify(settings));
}

async function ends(program: Edgepool): Promise<void> {
  program.child.kill('SIGTERM');
  const { status, err } = await program.end();
  assert.equal(status, 0, err);
  const { steady_state } = readReport(report);
  assert.deepEqual([steady_state.minor_faults, steady_state.foreign_allocations], [0, 0]);
}

test('memory is lent beside a stream, and comes back for a model that needs it', async () => {
  const server = await Valkey.start(['--maxmemory-policy', 'allkeys-lru']);
  const limitMib = async () => {
    const found = (await server.with((client) => client.config('GET', 'maxmemory'))) as string[];
    return Number(found[1]) / MIB;
  };
  // As a program leaves it that was killed.
  await server.with((client) => client.config('SET', 'maxmemory', `${200 * MIB}`));
  const program = new Edgepool(['run', '--config', lends('ordinary', server)]);
  await program.says('ready');
  await mostIsLent();
  // What is lent is first given up here, and then allowed there.
  let lent = 0;
  await until('the server may hold what is lent', async () => {
    lent = (await lending()).lent_bytes;
    return (await limitMib()) === OWN_MIB + lent / MIB;
  });

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

  await ends(program);
  assert.equal(await limitMib(), OWN_MIB);
  const { lending: told } = readReport(report).parking;
  assert.deepEqual([told?.bound_bytes, told?.failures], [CAPACITY_MIB * MIB, 0]);
  assert.ok((told?.server_used_bytes ?? 0) > 0 && (told?.lent_bytes ?? 0) >= lent);
});

testOnHugePages(
  'huge pages are lent too, are missed where they stay away, and found after a crash',
  CAPACITY_MIB / 2,
  async () => {
    const server = await Valkey.start(['--maxmemory-policy', 'allkeys-lru']);
    const service = new CompanionService(scratch.path);
    await service.start();
    const whole = hugePages();
    const how = { companion: service.socket, patience_ms: 300 };
    const words = ['run', '--config', lends('hugetlb', server, how)];
    const killed = new Edgepool(words);
    await killed.says('ready');
    await mostIsLent();
    const { lent_bytes: lent } = await lending();
    assert.ok(hugePages() <= whole - lent / HUGE_PAGE_BYTES);

    await service.kill();
    const refused = await ask(socket, 'load', { file: 'mobilenet_v3_large' });
    assert.match(refused.ok ? '' : String(refused.error), /mobilenet_v3_large: .* available/);
    assert.ok((await lending()).failures > 0);
    await service.start();
    await done('load', { file: 'mobilenet_v3_large' });
    assert.ok((await lending()).lent_bytes < lent);
    killed.child.kill('SIGKILL');
    await killed.end();
    assert.ok(hugePages() < whole);

    const program = new Edgepool(words);
    await program.says('ready');
    await mostIsLent();
    await ends(program);
    assert.equal(readReport(report).region.page_bytes, HUGE_PAGE_BYTES);
    assert.equal(hugePages(), whole);
  },
);
