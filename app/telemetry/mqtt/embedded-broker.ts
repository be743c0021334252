import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import type { Log } from '../log.ts';

const USUAL_PORT = 1883;
const HOST = '127.0.0.1';
const LARGEST_CONNECTIONS = 32;

/** An MQTT broker inside the program, for this machine alone. */
export class EmbeddedBroker {
  readonly #log: Log;
  readonly #preferredPort: number;
  readonly #sockets = new Set<Socket>();
  #broker: Aedes | null = null;
  #server: Server | null = null;
  #port = 0;

  constructor(log: Log, preferredPort = USUAL_PORT) {
    this.#log = log;
    this.#preferredPort = preferredPort;
  }

  /** Known once it has started. */
  get url(): string {
    return `mqtt://${HOST}:${this.#port}`;
  }

  /** Listens on the usual port; where that is taken, on a free one, and says so. */
  async start(): Promise<void> {
    if (this.#broker !== null) return;
    const broker = await Aedes.createBroker({
      // No message is kept for a client that left: memory stays bounded whoever connects.
      preConnect: (_client, packet, callback) => {
        packet.clean = true;
        callback(null, true);
      },
    });
    this.#broker = broker;
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      broker.handle(socket);
    });
    server.maxConnections = LARGEST_CONNECTIONS;
    this.#server = server;
    try {
      await this.#listen(server, this.#preferredPort);
    } catch {
      await this.#listen(server, 0);
      this.#log.info(`port ${this.#preferredPort} is taken: the broker listens on ${this.#port}`);
    }
  }

  async stop(): Promise<void> {
    const [server, broker] = [this.#server, this.#broker];
    this.#server = null;
    this.#broker = null;
    if (server === null || broker === null) return;
    await new Promise<void>((resolve) => broker.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async #listen(server: Server, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, HOST, () => {
        server.off('error', reject);
        resolve();
      });
    });
    const address = server.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
  }
}
