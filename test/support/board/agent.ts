import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** What a command in the guest came to. */
export interface Said {
  status: number;
  /** Both outputs, as they came. */
  text: string;
}

/**
 * Runs commands in the guest, over a virtual serial port and so without a network. What is asked
 * before the guest is up waits inside QEMU until it is.
 */
export class Agent {
  readonly #waiting = new Map<number, (said: Said) => void>();
  #socket: Socket | null = null;
  #last = 0;

  /** `path`: QEMU's Unix socket of the port. */
  async connect(path: string): Promise<void> {
    const socket = connect(path);
    this.#socket = socket;
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (line) => this.#hear(line));
    await once(socket, 'connect');
  }

  /** As root, by bash. */
  run(command: string): Promise<Said> {
    const number = ++this.#last;
    const answer = new Promise<Said>((resolve) => this.#waiting.set(number, resolve));
    this.#socket?.write(`${number} ${Buffer.from(command).toString('base64')}\n`);
    return answer;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  #hear(line: string): void {
    const [number, status, text = ''] = line.split(' ');
    const resolve = this.#waiting.get(Number(number));
    this.#waiting.delete(Number(number));
    resolve?.({ status: Number(status), text: Buffer.from(text, 'base64').toString().trimEnd() });
  }
}
