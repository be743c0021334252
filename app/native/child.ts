import { once } from 'node:events';
import { Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import { callAsync, check, sharedError } from './call.ts';
import { loadNative } from './library.ts';
import type { ChildEndStruct, ChildStruct } from './structs.ts';

/** The niceness of a child beside frames, which go first. */
export const BESIDE_FRAMES = 10;

export interface ChildOptions {
  /** By default that of this process. */
  environment?: NodeJS.ProcessEnv;
  /** 0 to 19: how far it stands back behind others. */
  niceness?: number;
  /** After so long it is killed. */
  timeoutMs?: number;
  /** With more on its standard output it is killed. */
  mostOutputBytes?: number;
  /** It is killed when this aborts. */
  signal?: AbortSignal;
}

/** How a child ended. `status` is null where a signal ended it. */
export interface ChildEnd {
  output: string;
  errors: string;
  status: number | null;
  signal: string | null;
  /** Why it was killed from here; null: it ended by itself. */
  killed: 'timeout' | 'output' | 'abort' | null;
}

const LONGEST_ERRORS = 4096;

/**
 * Runs a program to its end, with nothing on its standard input. Unlike `node:child_process`, which
 * forks, it copies nothing of this process: no thread that works on frames takes a page fault for
 * it. Throws where the program cannot be started.
 */
export async function runChild(
  program: string,
  words: readonly string[],
  options: ChildOptions = {},
): Promise<ChildEnd> {
  const child = start(program, words, options);
  const end: ChildEnd = { output: '', errors: '', status: null, signal: null, killed: null };
  const kill = (why: NonNullable<ChildEnd['killed']>) => {
    end.killed ??= why;
    // It may be gone, but nobody else has its number as long as it was not waited for.
    process.kill(child.pid, 'SIGKILL');
  };
  const onAbort = () => kill('abort');
  const { timeoutMs, signal, mostOutputBytes = Number.POSITIVE_INFINITY } = options;
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => kill('timeout'), timeoutMs);
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) onAbort();
  try {
    await Promise.all([
      read(child.output_fd, (text) => {
        end.output += text;
        if (end.output.length > mostOutputBytes) kill('output');
      }),
      read(child.errors_fd, (text) => {
        end.errors = `${end.errors}${text}`.slice(-LONGEST_ERRORS);
      }),
    ]);
  } finally {
    // Both are closed: it has ended or is about to. From here on its number may be another's.
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
  return { ...end, ...(await endOf(child.pid)) };
}

function start(program: string, words: readonly string[], options: ChildOptions): ChildStruct {
  const { environment, niceness } = options;
  const variables = Object.entries(environment ?? {}).map(([name, value]) => `${name}=${value}`);
  const out: Partial<ChildStruct> = {};
  const error = sharedError();
  const status = loadNative().ep_child_start(
    program,
    [program, ...words, null],
    environment === undefined ? null : [...variables, null],
    out,
    error,
  );
  check(status, error);
  const child = out as ChildStruct;
  if (niceness !== undefined) setPriority(child.pid, niceness);
  return child;
}

async function read(fd: number, take: (text: string) => void): Promise<void> {
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.setEncoding('utf8').on('data', take);
  await once(socket, 'close');
}

async function endOf(pid: number): Promise<Pick<ChildEnd, 'status' | 'signal'>> {
  const out: Partial<ChildEndStruct> = {};
  await callAsync(loadNative().ep_child_wait, pid, out);
  const { exit_status: status, signal } = out as ChildEndStruct;
  if (signal === 0) return { status, signal: null };
  const named = Object.entries(constants.signals).find(([, number]) => number === signal);
  return { status: null, signal: named?.[0] ?? `signal ${signal}` };
}
