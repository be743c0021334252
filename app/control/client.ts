import { connect } from 'node:net';
import type { Answer } from './answer.ts';

/** Asks the program that runs; throws one line where none does. */
export function ask(path: string, command: string, args: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    socket.setEncoding('utf8');
    socket.once('connect', () => socket.write(`${JSON.stringify({ command, args })}\n`));
    socket.on('data', (more: string) => {
      text += more;
      const end = text.indexOf('\n');
      if (end < 0) return;
      socket.destroy();
      resolve(JSON.parse(text.slice(0, end)));
    });
    socket.once('error', (error: NodeJS.ErrnoException) => reject(new Error(reason(path, error))));
    socket.once('close', () => {
      reject(new Error(`${path}: the program ended before it answered`));
    });
  });
}

function reason(path: string, { code }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return `${path}: no edgepool runs there; start it with edgepool run, or name its --socket`;
  }
  if (code === 'EACCES') return `${path}: belongs to another user; ask as the one who started it`;
  return `${path}: cannot be asked (${code}); name another --socket`;
}
