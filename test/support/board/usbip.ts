import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

const HEADER_BYTES = 48;
const SUBMIT = 1;
const UNLINK = 2;
const SUBMITTED = 3;
const UNLINKED = 4;
/** Not an isochronous transfer. */
const NO_PACKETS = 0xffffffff;
const EPIPE = 32;
const ECONNRESET = 104;

/** A transfer over endpoint 0. */
export interface Control {
  /** `bmRequestType` and what follows, 8 bytes. */
  setup: Buffer;
  /** The most that it takes. */
  bytes: number;
}

/** A transfer over another endpoint, towards the driver that waits for it. */
export interface Waiting {
  /** The most that it takes. */
  bytes: number;
  answer(data: Buffer): void;
}

/** What a device is to the wire. */
export interface UsbDevice {
  /** What is read; `null` refuses. */
  control(transfer: Control): Buffer | null;
  /** Transfers have come or were taken back. */
  waiting(queue: readonly Waiting[]): void;
}

/**
 * The side of USB over TCP that has the device (Documentation/usb/usbip_protocol.rst of Linux): a
 * machine whose `vhci_hcd` gets the connection has a USB device like any other. What would go before,
 * the choice among devices, is left out.
 */
export class UsbipServer {
  readonly #device: UsbDevice;
  #server: Server | null = null;
  #socket: Socket | null = null;
  #received = Buffer.alloc(0);
  #queue: (Waiting & { number: number })[] = [];

  constructor(device: UsbDevice) {
    this.#device = device;
  }

  /** Its port. */
  async start(): Promise<number> {
    const server = createServer((socket) => this.#attach(socket)).listen(0, '127.0.0.1');
    this.#server = server;
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Pulls the plug. It can be attached again. */
  unplug(): void {
    this.#socket?.destroy();
    this.#socket = null;
    this.#queue = [];
    this.#device.waiting(this.#queue);
  }

  stop(): void {
    this.unplug();
    this.#server?.close();
    this.#server = null;
  }

  #attach(socket: Socket): void {
    this.unplug();
    this.#socket = socket;
    this.#received = Buffer.alloc(0);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      while (this.#take());
    });
  }

  /** Whether there was a whole message. */
  #take(): boolean {
    const message = this.#received;
    if (message.length < HEADER_BYTES) return false;
    const brings = message.readUInt32BE(0) === SUBMIT && message.readUInt32BE(12) === 0;
    const whole = HEADER_BYTES + (brings ? message.readUInt32BE(24) : 0);
    if (message.length < whole) return false;
    this.#received = message.subarray(whole);
    if (message.readUInt32BE(0) === UNLINK) this.#unlink(message);
    else this.#submit(message);
    return true;
  }

  #submit(header: Buffer): void {
    const [number, bytes] = [header.readUInt32BE(4), header.readUInt32BE(24)];
    const reads = header.readUInt32BE(12) === 1;
    if (header.readUInt32BE(16) === 0) {
      const said = this.#device.control({ setup: header.subarray(40, 48), bytes });
      if (said === null) this.#write(SUBMITTED, number, -EPIPE, 0);
      else if (reads) this.#write(SUBMITTED, number, 0, said.length, said);
      else this.#write(SUBMITTED, number, 0, bytes);
      return;
    }
    const answer = (data: Buffer): void => {
      this.#queue = this.#queue.filter((waiting) => waiting.number !== number);
      this.#write(SUBMITTED, number, 0, data.length, data);
    };
    this.#queue.push({ number, bytes, answer });
    this.#device.waiting(this.#queue);
  }

  #unlink(header: Buffer): void {
    const unwanted = header.readUInt32BE(20);
    const left = this.#queue.filter(({ number }) => number !== unwanted);
    const found = left.length < this.#queue.length;
    this.#queue = left;
    this.#device.waiting(left);
    this.#write(UNLINKED, header.readUInt32BE(4), found ? -ECONNRESET : 0);
  }

  #write(command: number, number: number, status: number, bytes = 0, data?: Buffer): void {
    const reply = Buffer.alloc(HEADER_BYTES);
    reply.writeUInt32BE(command, 0);
    reply.writeUInt32BE(number, 4);
    reply.writeInt32BE(status, 20);
    reply.writeUInt32BE(bytes, 24);
    if (command === SUBMITTED) reply.writeUInt32BE(NO_PACKETS, 32);
    this.#socket?.write(data === undefined ? reply : Buffer.concat([reply, data]));
  }
}
