import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { SECTOR_BYTES, type VolatileDisk } from './volatile-disk.ts';

const GREETING = Buffer.from('NBDMAGICIHAVEOPT', 'latin1');
const OPTION_REPLY = 0x3e889045565a9n;
const REQUEST = 0x25609513;
const REPLY = 0x67446698;
/** Of the server: options of any number, and no zeroes behind the size. */
const HANDSHAKE_FLAGS = 1 | 2;
/** Of the disk: it has a cache that can be flushed. It takes no single writes through that cache. */
const DISK_FLAGS = 1 | 4;
const OPTION = { abort: 2, info: 6, go: 7 };
const ANSWER = { ack: 1, info: 3, unsupported: 0x80000001 };
const ABOUT = { export: 0, blockSize: 3 };
const COMMAND = { read: 0, write: 1, disconnect: 2, flush: 3 };
const OPTION_HEADER_BYTES = 16;
const REQUEST_HEADER_BYTES = 28;
const MOST_BYTES = 32 * 1024 * 1024;
const EINVAL = 22;

/**
 * A disk for QEMU, over a Unix socket: Network Block Device with what that client asks of it
 * (doc/proto.md of the NBD project: fixed newstyle, simple replies).
 */
export class NbdServer {
  readonly #disk: VolatileDisk;
  #server: Server | null = null;
  #socket: Socket | null = null;
  #received: Buffer = Buffer.alloc(0);
  #step: (message: Buffer) => number = () => 0;

  constructor(disk: VolatileDisk) {
    this.#disk = disk;
  }

  async start(path: string): Promise<void> {
    rmSync(path, { force: true });
    this.#server = createServer((socket) => this.#attach(socket)).listen(path);
    await once(this.#server, 'listening');
  }

  /** What was sent and not yet read is lost. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#socket?.destroy();
    this.#socket = null;
    if (server === null) return;
    server.close();
    await once(server, 'close');
  }

  #attach(socket: Socket): void {
    this.#socket?.destroy();
    this.#socket = socket;
    this.#received = Buffer.alloc(0);
    this.#step = (message) => (message.length < 4 ? 0 : this.#agreed());
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => this.#hear(socket, bytes));
    const flags = Buffer.alloc(2);
    flags.writeUInt16BE(HANDSHAKE_FLAGS);
    socket.write(Buffer.concat([GREETING, flags]));
  }

  /** Each step says how many bytes it took; none: the message is not whole yet. */
  #hear(socket: Socket, bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    while (this.#socket === socket) {
      const taken = this.#step(this.#received);
      if (taken === 0) return;
      this.#received = this.#received.subarray(taken);
    }
  }

  #agreed(): number {
    this.#step = (message) => this.#option(message);
    return 4;
  }

  #option(message: Buffer): number {
    if (message.length < OPTION_HEADER_BYTES) return 0;
    const [option, bytes] = [message.readUInt32BE(8), message.readUInt32BE(12)];
    const taken = OPTION_HEADER_BYTES + bytes;
    if (message.length < taken) return 0;
    if (option === OPTION.info || option === OPTION.go) {
      this.#answer(option, ANSWER.info, this.#aboutExport());
      this.#answer(option, ANSWER.info, aboutBlocks());
      this.#answer(option, ANSWER.ack);
      if (option === OPTION.go) this.#step = (request) => this.#request(request);
    } else this.#answer(option, option === OPTION.abort ? ANSWER.ack : ANSWER.unsupported);
    return taken;
  }

  #aboutExport(): Buffer {
    const about = Buffer.alloc(12);
    about.writeUInt16BE(ABOUT.export);
    about.writeBigUInt64BE(BigInt(this.#disk.bytes), 2);
    about.writeUInt16BE(DISK_FLAGS, 10);
    return about;
  }

  #answer(option: number, kind: number, data: Buffer = Buffer.alloc(0)): void {
    const header = Buffer.alloc(20);
    header.writeBigUInt64BE(OPTION_REPLY);
    header.writeUInt32BE(option, 8);
    header.writeUInt32BE(kind, 12);
    header.writeUInt32BE(data.length, 16);
    this.#socket?.write(Buffer.concat([header, data]));
  }

  #request(message: Buffer): number {
    if (message.length < REQUEST_HEADER_BYTES) return 0;
    if (message.readUInt32BE() !== REQUEST) throw new Error('not a request of NBD');
    const [command, bytes] = [message.readUInt16BE(6), message.readUInt32BE(24)];
    const brings = command === COMMAND.write ? bytes : 0;
    if (message.length < REQUEST_HEADER_BYTES + brings) return 0;
    const offset = Number(message.readBigUInt64BE(16));
    const handle = message.subarray(8, 16);
    if (command === COMMAND.read) this.#reply(handle, 0, this.#disk.read(offset, bytes));
    else if (command === COMMAND.write) {
      const data = message.subarray(REQUEST_HEADER_BYTES, REQUEST_HEADER_BYTES + bytes);
      this.#disk.write(offset, Buffer.from(data));
      this.#reply(handle);
    } else if (command === COMMAND.flush) {
      this.#disk.flush();
      this.#reply(handle);
    } else if (command === COMMAND.disconnect) this.#socket?.end();
    else this.#reply(handle, EINVAL);
    return REQUEST_HEADER_BYTES + brings;
  }

  #reply(handle: Buffer, error = 0, data: Buffer = Buffer.alloc(0)): void {
    const header = Buffer.alloc(8);
    header.writeUInt32BE(REPLY);
    header.writeUInt32BE(error, 4);
    this.#socket?.write(Buffer.concat([header, handle, data]));
  }
}

/** The least, the usual and the most bytes of a request. */
function aboutBlocks(): Buffer {
  const about = Buffer.alloc(14);
  about.writeUInt16BE(ABOUT.blockSize);
  about.writeUInt32BE(SECTOR_BYTES, 2);
  about.writeUInt32BE(4096, 6);
  about.writeUInt32BE(MOST_BYTES, 10);
  return about;
}
