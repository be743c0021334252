import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Stands before a broker and lets connections through only while it is open, so that a test decides
 * who is there first.
 */
export class Gate {
  readonly #port: number;
  readonly #behind: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  constructor(port: number, behind: number) {
    this.#port = port;
    this.#behind = behind;
  }

  async open(): Promise<void> {
    const server = createServer((socket) => this.#join(socket));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
  }

  /** Whoever came through is cut off. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #join(socket: Socket): void {
    const broker = connect(this.#behind, '127.0.0.1');
    for (const [one, other] of [
      [socket, broker],
      [broker, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => one.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
