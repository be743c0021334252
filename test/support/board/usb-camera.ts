import { type Control, type UsbDevice, UsbipServer, type Waiting } from './usbip.ts';

const CLASS_VIDEO = 0x0e;
const CONTROL = 1;
const STREAMING = 2;
const CLASS_INTERFACE = 0x24;
const ENDPOINT = 0x81;
/** What a bulk transfer carries at most: a header and a piece of a picture. */
const PAYLOAD_BYTES = 16 * 1024;
const HEADER_BYTES = 2;
const END_OF_HEADER = 0x80;
const END_OF_FRAME = 0x02;
const PICTURE_BYTES = 1 << 20;

const GET_DESCRIPTOR = 6;
const SET_CUR = 0x01;

function word(value: number): number[] {
  return [value & 0xff, value >> 8];
}

function long(value: number): number[] {
  return [...word(value & 0xffff), ...word(value >>> 16)];
}

/** A descriptor, its own length before it. */
function described(...bytes: number[]): number[] {
  return [bytes.length + 1, ...bytes];
}

export interface UsbCameraOptions {
  width: number;
  height: number;
  fps: number;
}

/**
 * A webcam as USB has it (USB Device Class Definition for Video Devices 1.0), which gives MJPEG over
 * a bulk endpoint. The pictures are what `picture` says, one after the other.
 */
export class UsbCamera implements UsbDevice {
  readonly #device = Buffer.from(
    described(
      1,
      ...word(0x0200),
      0xef,
      2,
      1,
      64,
      ...word(0x1d6b),
      ...word(0x0102),
      0,
      1,
      0,
      0,
      0,
      1,
    ),
  );
  readonly #options: UsbCameraOptions;
  readonly #picture: () => Buffer;
  readonly #wire = new UsbipServer(this);
  #timer: NodeJS.Timeout | null = null;
  #queue: readonly Waiting[] = [];
  /** What of a picture is still to be sent. */
  #left: Buffer = Buffer.alloc(0);
  #frame = 0;

  constructor(options: UsbCameraOptions, picture: () => Buffer) {
    this.#options = options;
    this.#picture = picture;
  }

  /** The TCP port at which it can be attached. */
  async start(): Promise<number> {
    this.#timer ??= setInterval(() => this.#next(), 1000 / this.#options.fps);
    return this.#wire.start();
  }

  unplug(): void {
    this.#wire.unplug();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#wire.stop();
  }

  control({ setup, bytes }: Control): Buffer | null {
    const [kind = 0, request = 0] = setup;
    const isClass = (kind & 0x60) === 0x20;
    if (isClass)
      return request === SET_CUR ? Buffer.alloc(0) : this.#agreement().subarray(0, bytes);
    if (request !== GET_DESCRIPTOR) return Buffer.alloc(kind & 0x80 ? bytes : 0);
    if (setup[3] === 1) return this.#device.subarray(0, bytes);
    return setup[3] === 2 ? this.#configuration().subarray(0, bytes) : null;
  }

  waiting(queue: readonly Waiting[]): void {
    this.#queue = queue;
    if (queue.length === 0) this.#left = Buffer.alloc(0);
    this.#send();
  }

  /** Where nobody takes the last picture, this one is left out, as cameras do. */
  #next(): void {
    if (this.#queue.length === 0 || this.#left.length > 0) return;
    this.#frame ^= 1;
    this.#left = this.#picture();
    this.#send();
  }

  #send(): void {
    while (this.#left.length > 0) {
      const [first] = this.#queue;
      if (first === undefined) return;
      const piece = this.#left.subarray(0, Math.min(first.bytes, PAYLOAD_BYTES) - HEADER_BYTES);
      this.#left = this.#left.subarray(piece.length);
      const flags = END_OF_HEADER | this.#frame | (this.#left.length === 0 ? END_OF_FRAME : 0);
      this.#queue = this.#queue.slice(1);
      first.answer(Buffer.concat([Buffer.of(HEADER_BYTES, flags), piece]));
    }
  }

  get #interval(): number {
    return Math.round(1e7 / this.#options.fps);
  }

  /** What it is set to: it has one format, size and rate. */
  #agreement(): Buffer {
    const numbers = [...word(1), 1, 1, ...long(this.#interval), ...new Array<number>(10).fill(0)];
    return Buffer.from([...numbers, ...long(PICTURE_BYTES), ...long(PAYLOAD_BYTES)]);
  }

  #configuration(): Buffer {
    const terminals = [
      ...described(
        CLASS_INTERFACE,
        2,
        1,
        ...word(0x0201),
        ...new Array<number>(8).fill(0),
        2,
        0,
        0,
      ),
      ...described(CLASS_INTERFACE, 3, 2, ...word(0x0101), 0, 1, 0),
    ];
    const clock = long(48_000_000);
    const total = word(13 + terminals.length);
    const parts = [
      ...described(0x0b, 0, 2, CLASS_VIDEO, 3, 0, 0),
      ...described(4, 0, 0, 0, CLASS_VIDEO, CONTROL, 0, 0),
      ...described(CLASS_INTERFACE, 1, ...word(0x0100), ...total, ...clock, 1, 1),
      ...terminals,
      ...described(4, 1, 0, 1, CLASS_VIDEO, STREAMING, 0, 0),
      ...this.#formats(),
      ...described(5, ENDPOINT, 2, ...word(512), 0),
    ];
    return Buffer.from([...described(2, ...word(9 + parts.length), 2, 1, 0, 0x80, 50), ...parts]);
  }

  #formats(): number[] {
    const { width, height, fps } = this.#options;
    const rate = long(PICTURE_BYTES * 8 * fps);
    const size = [...word(width), ...word(height)];
    const interval = long(this.#interval);
    const times = [...interval, 1, ...interval];
    const formats = [
      ...described(CLASS_INTERFACE, 6, 1, 1, 1, 1, 0, 0, 0, 0),
      ...described(
        CLASS_INTERFACE,
        7,
        1,
        0,
        ...size,
        ...rate,
        ...rate,
        ...long(PICTURE_BYTES),
        ...times,
      ),
      ...described(CLASS_INTERFACE, 0x0d, 1, 1, 4),
    ];
    const total = word(14 + formats.length);
    return [
      ...described(CLASS_INTERFACE, 1, 1, ...total, ENDPOINT, 0, 2, 0, 0, 0, 1, 0),
      ...formats,
    ];
  }
}
