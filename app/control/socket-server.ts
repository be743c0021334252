import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { type Answer, refusal } from './answer.ts';
import type { Control } from './control.ts';

/** A request or an answer: one JSON object on one line. */
export const MOST_LINE_BYTES = 64 * 1024;
const MOST_CONNECTIONS = 16;
/** A caller that sends nothing is let go. */
const PATIENCE_MS = 10_000;
/** The address of a socket holds no more on Linux (sun_path, unix(7)). */
const MOST_PATH_BYTES = 107;

export interface SocketServerOptions {
  path: string;
  /** Named by the user: what keeps it from being had then ends the program. */
  named: boolean;
  /** Told once, in one line, why the program goes on without it. */
  notice(message: string): void;
}

/**
 * Commands over a Unix socket that only the same user may open: each line `{"command": NAME,
 * "args": {...}}` is answered by one line `{"ok": true, ...}` or `{"ok": false, "error": TEXT}`,
 * in order.
 */
export class SocketServer {
  readonly #control: Control;
  readonly #options: SocketServerOptions;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  constructor(control: Control, options: SocketServerOptions) {
    this.#control = control;
    this.#options = options;
  }

  /** Throws where the path was named and cannot be had. */
  async start(): Promise<void> {
    if (this.#server !== null) return;
    try {
      this.#server = await this.#listen();
    } catch (error) {
      const message = `control.socket ${this.#options.path}: ${reason(error)}`;
      if (this.#options.named) throw new Error(message);
      this.#options.notice(`${message}; going on without commands`);
    }
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    for (const socket of this.#sockets) socket.destroy();
    // Closing also removes the socket's file.
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async #listen(): Promise<Server> {
    const { path } = this.#options;
    if (Buffer.byteLength(path) > MOST_PATH_BYTES) {
      throw new Error(`has more than ${MOST_PATH_BYTES} bytes; name a shorter one`);
    }
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await removeStale(path);
    const server = createServer((socket) => this.#serve(socket));
    server.maxConnections = MOST_CONNECTIONS;
    // Nobody else may open it, not even between its making and a chmod.
    const umask = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(path, resolve);
      });
    } finally {
      process.umask(umask);
    }
    chmodSync(path, 0o600);
    return server;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    let text = '';
    let last: Promise<void> = Promise.resolve();
    socket.on('data', (more: string) => {
      text += more;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) last = last.then(() => this.#answer(socket, line));
      if (text.length > MOST_LINE_BYTES) {
        reply(socket, refusal(`the line is longer than ${MOST_LINE_BYTES} bytes`));
        socket.destroySoon();
      }
    });
  }

  async #answer(socket: Socket, line: string): Promise<void> {
    if (line.trim() === '') return;
    // An answer may take as long as a load does.
    socket.setTimeout(0);
    const request = parse(line);
    const answer =
      request === null
        ? refusal('a line must be {"command": NAME, "args": {...}} in JSON')
        : await this.#control.execute(request.command, request.args);
    reply(socket, answer);
    socket.setTimeout(PATIENCE_MS);
  }
}

function reply(socket: Socket, answer: Answer): void {
  if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`);
}

function parse(line: string): { command: string; args: unknown } | null {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('command' in value)) return null;
    const { command } = value;
    if (typeof command !== 'string') return null;
    return { command, args: 'args' in value ? value.args : {} };
  } catch {
    return null;
  }
}

/** A socket that nobody listens on any more was left by a program that was killed. */
async function removeStale(path: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isSocket()) throw new Error('is there and is no socket; name another path');
  const listening = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED'));
  });
  if (listening) throw new Error('another edgepool answers there; stop it or name another path');
  unlinkSync(path);
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') return 'may not be made; name a folder of your own';
  if (code === undefined) return message;
  return `cannot be made (${code}); name another path`;
}
