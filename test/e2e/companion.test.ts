/** The privileged companion that sets the kernel's counts of huge pages, as a process of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { test } from 'node:test';
import { hugePages } from '../../app/memory/huge-pages.ts';
import { Region } from '../../app/memory/region.ts';
import { loadNative } from '../../app/native/library.ts';
import { Companion } from '../../app/parking/companion.ts';
import { COMPANION, CompanionService } from '../support/companion-service.ts';
import { MIB } from '../support/house.ts';
import { keepHugePages, testOnHugePages } from '../support/huge-pages.ts';
import { scratchFolder } from '../support/scratch.ts';

/** What it answers to some bytes; empty: nothing. */
function said(path: string, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.write(bytes));
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (more: string) => {
      text += more;
    });
    // It goes as soon as it has answered, whatever else was written.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

testOnHugePages(
  'it sets the count and tells what came of it, up to what there was at first',
  4,
  async () => {
    const scratch = scratchFolder();
    const service = new CompanionService(scratch.path);
    await service.start();
    const companion = new Companion(service.socket);
    const most = hugePages();
    assert.deepEqual(await companion.keep(most - 3), { count: most - 3, most });
    assert.equal(hugePages(), most - 3);
    await assert.rejects(
      companion.keep(most + 1),
      /: refused: \d+ huge pages are more than the \d+ that/,
    );
    assert.equal(hugePages(), most - 3);

    // Another process of it knows it too.
    await service.kill();
    await assert.rejects(
      companion.keep(most),
      /nobody answers there; start edgepool-hugepages.socket$/,
    );
    await service.start();
    await assert.rejects(companion.keep(most + 1), /: refused: /);
    assert.deepEqual(await companion.keep(most), { count: most, most });

    // Pages that somebody has cannot be taken away: they go when they are free.
    const region = new Region(loadNative(), {
      capacityBytes: 4 * MIB,
      lock: 'off',
      pages: 'hugetlb',
    });
    await region.start();
    assert.deepEqual(await companion.keep(most - 4), { count: most - 2, most });
    await region.stop();
    assert.equal(hugePages(), most - 4);
  },
);

testOnHugePages('what is no request changes nothing, and keeps nobody from asking', 2, async () => {
  const scratch = scratchFolder();
  const service = new CompanionService(scratch.path);
  await service.start();
  const before = hugePages();
  const bad = [
    'set',
    'set ',
    'set -1',
    'set +1',
    'set 0x1',
    'set 0 ',
    ' set 0',
    'SET 0',
    'set 0;',
    'get',
  ];
  for (const request of [...bad, '', 'set 0\r', 'set 18446744073709551616', 'set 0\nset 0']) {
    assert.match(
      await said(service.socket, `${request}\n`),
      /^refused: no request; ask `set COUNT`\n$/,
      request,
    );
  }
  assert.match(await said(service.socket, `set ${'0'.repeat(60)}\n`), /^refused: no request/);
  // Says nothing for long, or leaves in the middle.
  assert.match(await said(service.socket, 'set 0'), /^refused: no request/);
  connect(service.socket).destroy();
  assert.equal(hugePages(), before);
  assert.equal((await new Companion(service.socket).keep(before - 1)).count, before - 1);
  assert.ok(keepHugePages(before));
});

test('it is there for one user, and another one is refused', async () => {
  const scratch = scratchFolder();
  const service = new CompanionService(scratch.path, 'nobody');
  await service.start();
  const before = hugePages();
  await assert.rejects(
    new Companion(service.socket).keep(before),
    /: refused: it is for another user$/,
  );
  assert.equal(hugePages(), before);
});

test('one that is not set up as a service says so and ends', () => {
  const run = (words: string[], env = {}) => {
    const { status, stderr } = spawnSync(COMPANION, words, { env, encoding: 'utf8' });
    return `${status} ${stderr}`;
  };
  assert.match(run([]), /^2 usage: edgepool-hugepages USER\n$/);
  assert.match(run(['root']), /^1 .*start edgepool-hugepages.socket\n$/);
  assert.match(
    run(['root'], { LISTEN_PID: '1', LISTEN_FDS: '1', RUNTIME_DIRECTORY: '/run' }),
    /^1 /,
  );
});
