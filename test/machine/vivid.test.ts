/**
 * Cameras of the board: the kernel's virtual one, whose frames land in the region by themselves, and
 * one on USB that gives JPEGs. What a model gets is compared with what other programs make of it.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Board, FOLDER, HOST } from '../support/board/board.ts';
import { copyCard } from '../support/board/card.ts';
import {
  decoded,
  difference,
  encoded,
  HEIGHT,
  independent,
  tensor,
  WIDTH,
} from '../support/board/frame.ts';
import { knownPicture } from '../support/board/picture.ts';
import { UsbCamera } from '../support/board/usb-camera.ts';

const VIVID = '/dev/video0';
const USB = '/dev/video1';
/** Test patterns of vivid: bars, squares, single pixels of red and green, a grey ramp. */
const PATTERNS = [0, 4, 14, 20];
/** libyuv reckons with factors of six binary places, and that of blue ends at 2: pure blue is 3 less
 *  than the standard's formula has it. One more is for rounding. */
const MOST_APART = 4;
/** Chroma between two samples is rounded once more by each side. */
const MOST_APART_MJPEG = 6;
const MEAN_APART = 1.5;
const BMP_HEADER_BYTES = 54;

const card = join(FOLDER, 'vivid.img');
// The cameras are for the programs that are compared.
const kernel = ['systemd.mask=edgepool.service', 'systemd.watchdog_sec=off'];
const board = new Board({ name: 'vivid', card, kernel });
const jpeg = encoded(knownPicture(WIDTH, HEIGHT).subarray(BMP_HEADER_BYTES));
const camera = new UsbCamera({ width: WIDTH, height: HEIGHT, fps: 5 }, () => jpeg);

before(async () => {
  copyCard(join(FOLDER, 'card.img'), card, {});
  await board.start();
  await board.run('udevadm settle');
});
after(async () => {
  camera.stop();
  await board.kill();
});

test('its colours, pixel by pixel, its sizes and its troubles are what the library says', async () => {
  console.log(await board.run('/usr/libexec/edgepool-test/v4l2_test --gtest_brief=1'));
});

/** Each component of each pixel, within the error of our conversion. */
function assertSame(what: string, theirs: Buffer, ours: Buffer, most = MOST_APART): void {
  const { largest, mean } = difference(theirs, ours);
  const found = `${what}: at most ${largest} of 255 apart, ${mean.toFixed(2)} on average`;
  console.log(found);
  assert.ok(largest <= most && mean <= MEAN_APART, found);
}

for (const format of ['YUYV', 'NV12'] as const) {
  test(`${format}: a model gets what v4l2-ctl and GStreamer make of it`, async () => {
    for (const pattern of PATTERNS) {
      await board.run(`v4l2-ctl -d ${VIVID} -c test_pattern=${pattern} -c osd_text_mode=2`);
      const theirs = await independent(board, VIVID, format);
      const { pixels, how } = await tensor(board, VIVID, format);
      assertSame(`${format}, pattern ${pattern}`, theirs, pixels);
      assert.match(how, /by dmabuf, 0 bytes copied$/);
    }
  });
}

/** Plugs the USB camera in; `vhci_hcd` takes the connection over from the shell that made it. */
async function plug(port: number): Promise<void> {
  const attach = 'echo 0 3 65538 3 >/sys/devices/platform/vhci_hcd.0/attach';
  await board.run(`exec 3<>/dev/tcp/${HOST}/${port} && ${attach}`);
  await board.until('the USB camera', () => board.holds(`test -c ${USB}`));
}

test('MJPEG: a model gets what GStreamer decodes', async () => {
  const port = await camera.start();
  await board.run('modprobe -a vhci_hcd uvcvideo');
  await plug(port);
  const { pixels, how } = await tensor(board, USB, 'MJPG');
  assertSame('MJPEG', decoded(jpeg), pixels, MOST_APART_MJPEG);
  assert.match(how, /by mmap: MJPEG is decoded into its slot, 0 bytes copied$/);
});
