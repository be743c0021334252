/** A start without a camera and with damaged settings, where nobody is there to look. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Snapshot } from '../../app/stats/snapshot.ts';
import { freePort, Mosquitto } from '../support/brokers.ts';
import { Edgepool } from '../support/edgepool.ts';
import { Observer } from '../support/observer.ts';
import { faultOf } from '../support/payloads.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { until } from '../support/until.ts';

const PATIENCE_MS = 60_000;
const scratch = scratchFolder();

test('it runs all the same, and the broker hears what is missing', async () => {
  const broker = new Mosquitto(await freePort());
  await broker.start();
  after(() => broker.remove());
  const observer = await Observer.listen(broker.url);
  after(() => observer.close());
  const on = <T>(name: string) => {
    const topic = `edgepool/board/${name}`;
    return observer.on(topic).map((payload) => {
      assert.equal(faultOf(topic, payload), '');
      return JSON.parse(payload) as T;
    });
  };
  const camera = join(scratch.path, 'video9');
  const system = scratch.write(
    'system.json',
    JSON.stringify({
      device: 'board',
      source: { kind: 'v4l2', path: camera, width: 320, height: 240 },
      mqtt: { broker: broker.url },
      models: [{ file: `${ROOT}build/models/tiny.tflite`, name: 'tiny' }],
      recovery: { absent_cameras: 'wait', refused_settings: 'leave_out' },
    }),
  );
  const own = scratch.write('own.yaml', 'fps: 5\n\0\0\0\0');
  const program = new Edgepool(['run', '--config', system, '--config', own]);
  after(() => program.child.kill('SIGKILL'));

  const told = (event: string) =>
    on<{ event: string; message: string }>('event').find((each) => each.event === event)?.message;
  await until('the state', () => on('state').length > 1, PATIENCE_MS);
  const [source] = on<Snapshot>('state').at(-1)?.sources ?? [];
  assert.deepEqual([source?.away, source?.captured], [true, 0]);
  assert.match(told('error') ?? '', /video9: there is no such device/);
  assert.match(told('settings_refused') ?? '', /own\.yaml/);
});
