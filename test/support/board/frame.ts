import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Board } from './board.ts';
import { inFolder } from './in-folder.ts';

export const WIDTH = 640;
export const HEIGHT = 360;
const SIZE = `width=${WIDTH},height=${HEIGHT},framerate=1/1`;
const TENSOR = '/usr/libexec/edgepool-test/camera_tensor';

/** Raw formats, by what V4L2 calls them, as GStreamer does. Video of BT.601, as vivid gives it. */
const RAW = {
  YUYV: `video/x-raw,format=YUY2,${SIZE},colorimetry=bt601,chroma-site=jpeg`,
  NV12: `video/x-raw,format=NV12,${SIZE},colorimetry=bt601,chroma-site=jpeg`,
} as const;

/** A file of the guest. */
async function read(board: Board, path: string): Promise<Buffer> {
  return gunzipSync(Buffer.from(await board.run(`gzip -1 -c ${path} | base64 -w 0`), 'base64'));
}

/** Runs a pipeline of GStreamer on this machine over bytes. */
function pipeline(input: Buffer, ...elements: string[]): Buffer {
  return inFolder((folder) => {
    const [from, to] = [join(folder, 'in'), join(folder, 'out')];
    writeFileSync(from, input);
    const source = ['filesrc', `location=${from}`, `blocksize=${input.length}`, '!'];
    const words = ['-q', ...source, ...elements, '!', 'filesink', `location=${to}`];
    execFileSync('gst-launch-1.0', words, { stdio: 'pipe' });
    return readFileSync(to);
  });
}

/** GStreamer's conversion into 8 bits a component is a fast one, up to 7 steps beside the standard's
 *  formula; the one into 16 bits is exact. */
function toRgb(input: Buffer, ...format: string[]): Buffer {
  const exact = ['videoconvert', 'dither=none', '!', 'video/x-raw,format=ARGB64'];
  const wide = pipeline(input, ...format, '!', ...exact);
  const rgb = Buffer.alloc((wide.length / 8) * 3);
  for (let i = 0; i < rgb.length; i++) {
    const component = 4 * Math.floor(i / 3) + 1 + (i % 3);
    rgb[i] = Math.round(wide.readUInt16LE(2 * component) / 257);
  }
  return rgb;
}

/** What v4l2-ctl takes from a camera and GStreamer makes of it: R, G and B of every pixel. */
export async function independent(
  board: Board,
  device: string,
  format: keyof typeof RAW,
): Promise<Buffer> {
  const shape = `width=${WIDTH},height=${HEIGHT},pixelformat=${format}`;
  const stream = '--stream-mmap --stream-skip=2 --stream-count=1 --stream-to=/run/raw';
  await board.run(`v4l2-ctl -d ${device} --set-fmt-video=${shape} ${stream}`);
  return toRgb(await read(board, '/run/raw'), RAW[format]);
}

/** What GStreamer makes of a JPEG: R, G and B of every pixel. */
export function decoded(jpeg: Buffer): Buffer {
  return toRgb(jpeg, `image/jpeg,${SIZE}`, '!', 'jpegdec');
}

/** A JPEG of a picture of B, G and R. */
export function encoded(bgr: Buffer): Buffer {
  const raw = `video/x-raw,format=BGR,${SIZE}`;
  const planar = ['videoconvert', '!', 'video/x-raw,format=I420'];
  return pipeline(bgr, raw, '!', ...planar, '!', 'jpegenc', 'quality=90');
}

/** A model's input tensor of a frame, and how that came. */
export async function tensor(
  board: Board,
  device: string,
  format: string,
): Promise<{ pixels: Buffer; how: string }> {
  const how = await board.run(`${TENSOR} ${device} ${format} ${WIDTH} ${HEIGHT} /run/tensor`);
  return { pixels: await read(board, '/run/tensor'), how };
}

/** Of the components of all pixels, the largest difference and the mean one. */
export function difference(one: Buffer, other: Buffer): { largest: number; mean: number } {
  if (one.length !== other.length) throw new Error(`${one.length} bytes beside ${other.length}`);
  const found = { largest: 0, mean: 0 };
  for (let i = 0; i < one.length; i++) {
    const by = Math.abs((one[i] ?? 0) - (other[i] ?? 0));
    found.largest = Math.max(found.largest, by);
    found.mean += by / one.length;
  }
  return found;
}
