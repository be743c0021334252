import { connect, type Socket } from 'node:net';

/** The kernel compacts memory for pages that it has not got in one piece. */
const TIMEOUT_MS = 10_000;

/** In huge pages of 2 MiB. */
export interface Kept {
  /** What the kernel keeps now, which may be less or more than it was asked for. */
  count: number;
  /** What may be asked for. */
  most: number;
}

/**
 * The privileged program that sets how many huge pages the kernel keeps (native/tools/hugepages.cpp
 * has what is said), on the Unix socket of a service: a connection for each request.
 */
export class Companion {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The kernel is to keep so many; what is asked for twice is done once. Throws one line. */
  async keep(count: number): Promise<Kept> {
    const answer = await this.#ask(`set ${count}\n`);
    const numbers = /^(\d+) (\d+)$/.exec(answer);
    if (numbers === null) throw this.#fault(answer);
    return { count: Number(numbers[1]), most: Number(numbers[2]) };
  }

  #ask(request: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket: Socket = connect(this.#path, () => socket.write(request));
      let text = '';
      socket.setEncoding('utf8');
      socket.on('data', (more: string) => {
        text += more;
        if (!text.endsWith('\n')) return;
        socket.destroy();
        resolve(text.trimEnd());
      });
      socket.setTimeout(TIMEOUT_MS, () => {
        socket.destroy();
        reject(this.#fault(`no answer in ${TIMEOUT_MS / 1000} s`));
      });
      socket.once('error', ({ code }: NodeJS.ErrnoException) => reject(this.#fault(reason(code))));
      socket.once('close', () => reject(this.#fault('it has gone without an answer')));
    });
  }

  #fault(what: string): Error {
    return new Error(`lending, parking.lend.companion ${this.#path}: ${what}`);
  }
}

function reason(code: string | undefined): string {
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return 'nobody answers there; start edgepool-hugepages.socket';
  }
  if (code === 'EACCES') return 'is for another user; edgepool runs as the one that it is for';
  return `cannot be asked (${code})`;
}
