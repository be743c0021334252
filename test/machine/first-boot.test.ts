/** One card, read by a board and written to by another computer in turn: what is on its boot partition. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Board, FOLDER } from '../support/board/board.ts';
import { copyCard, rawBoot, readBoot, writeBoot } from '../support/board/card.ts';
import { Telemetry } from '../support/board/telemetry.ts';
import { ROOT } from '../support/root.ts';

const SERVICE = 'edgepool.service';
const SECRETS = {
  broker: 'seven bridges over water',
  page: 'the-page-opens-to-whoever-has-this',
  network: 'battery staple of the porch',
};
const NEVER_TAKEN = 'not a password that anybody took';

const card = join(FOLDER, 'first-boot.img');
const telemetry = await Telemetry.create();
const user = { username: 'board', password: SECRETS.broker };
const model = readFileSync(join(ROOT, 'build/models/tiny_int8.tflite'));

/** `yaml` after what a board needs to be heard; the line that it begins with is the fifth. */
function settings(password: string, yaml: string): string {
  return `mqtt:
  broker: ${telemetry.url}
  username: ${user.username}
  password: ${password}
${yaml}`;
}

const GOOD = `wifi:
  country: DE
  ssid: porch
  password: ${SECRETS.network}
dashboard:
  token: ${SECRETS.page}
host_name: porch
fps: 1
source: {kind: v4l2, path: /dev/video0, width: 640, height: 360}
`;

let board: Board;
let powered = 0;

/** The card goes back into the board. */
async function powerOn(): Promise<void> {
  board = new Board({ name: `first-boot-${++powered}`, card });
  await board.start();
}

before(async () => {
  copyCard(join(FOLDER, 'card.img'), card, {});
  await telemetry.start(user);
});
after(async () => {
  await board?.kill();
  await telemetry.remove();
});

/** What the board says of the boot partition once it runs, with the models that run then. */
async function refused() {
  const seen = telemetry.events('first_boot_refused').length;
  const event = await board.until('the event', () => telemetry.events('first_boot_refused')[seen]);
  const { models } = await telemetry.state(board, 'a state');
  return { event, models: models.map(({ name }) => name) };
}

test('a file that is refused on a new card: the defaults run, and its own broker hears why', async () => {
  const yaml = settings(SECRETS.broker, 'sourse: {kind: pattern}\n');
  writeBoot(card, { 'edgepool.yaml': yaml });
  await powerOn();
  const { event, models } = await refused();
  const fault = 'edgepool.yaml:5: sourse is not a setting; the nearest is source';
  assert.deepEqual([event.faults, event.runs_on, models.length], [[fault], 'defaults', 3]);
  assert.ok(board.said(/first-boot.*sourse is not a setting/), 'the console says so');
  assert.ok(await board.holds('test -e /run/edgepool-led-refused'), 'the LED would');
  await board.kill();
  const report = readBoot(card, 'edgepool-report.txt');
  assert.ok(report.includes(fault), report);
  assert.equal(readBoot(card, 'edgepool.yaml'), yaml, 'it is as somebody has left it');
});

test('a good file is taken at the next start, and a model beside it runs', async () => {
  const labels = Array.from({ length: 1001 }, (_, index) => `thing ${index}`).join('\n');
  writeBoot(
    card,
    {
      'edgepool.yaml': settings(SECRETS.broker, GOOD),
      'models/person.tflite': model,
      'models/person.txt': labels,
    },
    ['models'],
  );
  for (const secret of Object.values(SECRETS)) assert.ok(rawBoot(card).includes(secret), secret);
  await powerOn();
  const answered = ({ models }: { models: { invokes: number }[] }) =>
    models.every(({ invokes }) => invokes > 0);
  const { models } = await telemetry.state(board, 'answers', answered);
  assert.deepEqual(
    models.map(({ name }) => name),
    ['person'],
  );
  assert.match(models[0]?.top?.label ?? '', /^thing \d+$/);
  assert.equal(await board.run('cat /proc/sys/kernel/hostname'), 'porch');
  assert.equal(await board.holds('test -e /run/edgepool-led-refused'), false);
  assert.ok(await board.holds('grep -q " /boot/firmware vfat ro," /proc/mounts'));
  assert.equal(await board.run('ls -A /boot/firmware/models'), '');
  await board.kill();
});

test('its secrets are gone from the boot partition, wherever they lay on it', () => {
  const bytes = rawBoot(card);
  for (const secret of Object.values(SECRETS)) assert.ok(!bytes.includes(secret), secret);
  const left = readBoot(card, 'edgepool.yaml');
  assert.equal(left.match(/^ {2}(password|token): ~ +$/gm)?.length, 3, left);
  assert.throws(() => readBoot(card, 'edgepool-report.txt'), 'the old report is gone too');
});

test('a bad file and a bad model after that: what was taken before runs on', async () => {
  const yaml = settings(NEVER_TAKEN, 'fps: many\n');
  writeBoot(card, { 'edgepool.yaml': yaml, 'models/broken.tflite': model.subarray(0, 9000) });
  await powerOn();
  const { event, models } = await refused();
  const faults = (event.faults ?? []).join('\n');
  assert.match(faults, /^models\/broken\.tflite: /m);
  assert.match(faults, /^edgepool\.yaml:5: fps is "many"; it must be a number$/m);
  assert.deepEqual([event.runs_on, models], ['settings taken before', ['person']]);
  assert.equal(await board.unit(SERVICE, 'NRestarts'), '0');
  await board.kill();
  assert.equal(readBoot(card, 'edgepool.yaml'), yaml);
  assert.equal(readBoot(card, 'models/broken.tflite').length > 0, true);
  const report = readBoot(card, 'edgepool-report.txt');
  for (const fault of event.faults ?? []) assert.ok(report.includes(fault), report);
});
