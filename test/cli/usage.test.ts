/** The program as scripts see it: exit status and one line. */
import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { edgepool } from '../support/edgepool.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const VERBS =
  'run, status, pools, models, load, unload, switch, set, park, restore, places, ' +
  'resolution, restart-source, snapshot, verify, analyze, bench, first-boot, help, version';

test('help and version answer with status 0', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const args of [['help'], ['--help'], ['run', '--help']]) {
    const { status, out, err } = await edgepool(args);
    assert.equal(status, 0);
    assert.match(out, /^edgepool run /m);
    assert.equal(err, '');
    for (const line of out.split('\n')) assert.ok(line.length <= 100, line);
  }
  for (const args of [['version'], ['--version']]) {
    const { status, out } = await edgepool(args);
    assert.deepEqual([status, out], [0, `edgepool ${version}\n`]);
  }
});

test('wrong usage is status 2 and one line that names it', async () => {
  const hint = ' (edgepool help lists what there is)\n';
  const cases: [string[], string][] = [
    [[], `edgepool: a verb is needed: ${VERBS}${hint}`],
    [['rum'], `edgepool: "rum" is not a verb; the nearest is run${hint}`],
    [['run', '--fsp', '30'], `edgepool: --fsp is not an option; the nearest is --fps${hint}`],
    [['run', '--fps', 'x'], `edgepool: --fps is "x"; it must be a number${hint}`],
    [['bench', 'laod'], `edgepool: "laod" is not a bench; the nearest is load${hint}`],
    [['verify'], `edgepool: verify needs at least one MODEL${hint}`],
  ];
  for (const [args, message] of cases) {
    const { status, out, err } = await edgepool(args);
    assert.deepEqual([status, out, err], [2, '', message], args.join(' '));
  }
});

test('what cannot be done is status 1 and one line that names it', async () => {
  const config = scratch.write('typo.yaml', 'mqtt:\n  brokr: none\n');
  const cases: [string[], NodeJS.ProcessEnv, RegExp][] = [
    [
      ['run', '--config', config],
      {},
      /^edgepool: .*typo.yaml:2: mqtt.brokr is not a setting; the nearest is mqtt.broker\n$/,
    ],
    [['run', '--config', 'absent'], {}, /^edgepool: absent: cannot be read \(ENOENT\)/],
    [['run'], { EDGEPOOL_FSP: '1' }, /EDGEPOOL_FSP in the environment .* EDGEPOOL_FPS\n$/],
    [['run', '--source=v4l2:/dev/null'], {}, /^edgepool: source v4l2 .* is not a camera: .*\n$/],
    [['run', '--source=y4m:absent.y4m'], {}, /^edgepool: .*absent\.y4m: cannot be read: .*\n$/],
    [['run', '--source=still:absent.jpg'], {}, /^edgepool: .*absent\.jpg.*\n$/],
  ];
  for (const [args, environment, message] of cases) {
    const { status, out, err } = await edgepool(args, { environment });
    assert.deepEqual([status, out], [1, ''], err);
    assert.match(err, message);
    assert.equal(err.split('\n').length, 2, err);
  }
});

test('the launcher is found through a link, from any folder', async () => {
  const link = join(scratch.path, 'edgepool-link');
  symlinkSync(join(ROOT, 'scripts', 'edgepool'), link);
  const { status, out } = await edgepool(['version'], { prefix: [], folder: scratch.path });
  assert.equal(status, 0);
  const linked = await edgepool([], { prefix: [link, 'version'], folder: '/' });
  assert.deepEqual([linked.status, linked.out], [0, out]);
});
