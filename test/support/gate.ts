import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Stands before a broker and lets connections through only while it is open, so that a test decides
 * who is there first. Its port stays its own; closed, it hangs up at once.
 */
export class Gate {
  readonly #behind: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #isOpen = false;

  constructor(behind: number) {
    this.#behind = behind;
  }

  get port(): number {
    const address = this.#server?.address();
    if (typeof address !== 'object' || address === null) throw new Error('the gate has no port');
    return address.port;
  }

  async start(): Promise<void> {
    this.#server = createServer((socket) => this.#join(socket)).listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  open(): void {
    this.#isOpen = true;
  }

  /** Whoever came through is cut off. */
  close(): void {
    this.#isOpen = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.close();
    await new Promise<void>((resolve) => this.#server?.close(() => resolve()) ?? resolve());
  }

  #join(socket: Socket): void {
    if (!this.#isOpen) {
      socket.destroy();
      return;
    }
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
