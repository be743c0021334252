/** What a service manager hears of the real program, at a real datagram socket. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Edgepool } from '../support/edgepool.ts';
import { ROOT } from '../support/root.ts';
import { scratchFolder } from '../support/scratch.ts';
import { until } from '../support/until.ts';

const scratch = scratchFolder();
const tiny = join(ROOT, 'build/models/tiny.tflite');
const ARGS = ['run', '--model', `${tiny},name=steady`, '--model', `${tiny},name=other`];
const REST = ['--broker', 'none', '--fps', '20'];

/** Node opens no datagram socket in the file system; Perl, which Debian always has, does. A line for
 *  each datagram, its own line ends written as `|`. */
const RECEIVER = `
  use Socket;
  socket(my $in, AF_UNIX, SOCK_DGRAM, 0) or die; bind($in, pack_sockaddr_un($ARGV[0])) or die;
  $| = 1; print "ready\\n";
  while (defined(recv($in, my $text, 4096, 0))) { $text =~ s/\\n/|/g; print "$text\\n"; }`;

/** PTRACE_SEIZE and PTRACE_INTERRUPT: one thread stands still until this program ends. */
const HOLDER = `
  my $ptrace = $ARGV[1] eq 'arm64' ? 117 : 101;
  syscall($ptrace, 0x4206, $ARGV[0] + 0, 0, 0) == 0 or die "seize: $!";
  syscall($ptrace, 0x4207, $ARGV[0] + 0, 0, 0) == 0 or die "interrupt: $!";
  $| = 1; print "held\\n"; sleep 600;`;

const started: ChildProcess[] = [];
after(() => {
  for (const child of started) child.kill('SIGKILL');
});

/** Perl, once it has said its first line. */
async function perl(
  script: string,
  ...args: string[]
): Promise<{ child: ChildProcess; lines: string[] }> {
  const child = spawn('perl', ['-e', script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  const lines: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    lines.push(...text.split('\n').filter((line) => line !== ''));
  });
  await until('its first line', () => lines.length > 0);
  lines.length = 0;
  return { child, lines };
}

function threadNamed(pid: number, name: string): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const found = tasks.find(
    (task) => readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trim() === name,
  );
  assert.ok(found !== undefined, `no thread ${name}`);
  return Number(found);
}

async function serve(name: string, environment: NodeJS.ProcessEnv) {
  const socket = join(scratch.path, name);
  const { lines } = await perl(RECEIVER, socket);
  const program = new Edgepool([...ARGS, ...REST], {
    environment: { NOTIFY_SOCKET: socket, ...environment },
  });
  started.push(program.child);
  await until('READY=1', () => lines.some((line) => line.startsWith('READY=1|')), 60_000);
  return { program, lines };
}

const fed = (lines: readonly string[]) =>
  lines.filter((line) => line.startsWith('WATCHDOG=1')).length;

test('it hears the steps of the start, that all runs, how it is, and the end', async () => {
  // A watchdog that is for another process, as a service's own helpers see it.
  const others = { WATCHDOG_USEC: '400000', WATCHDOG_PID: '1' };
  const { program, lines } = await serve('plain', others);
  const ready = lines.findIndex((line) => line.startsWith('READY=1|'));
  assert.match(
    lines[ready] ?? '',
    /^READY=1\|STATUS=\d+\.\d frames a second; models: steady, other$/,
  );
  const steps = lines.slice(0, ready);
  assert.ok(steps.every((line) => /^STATUS=[^|]+\|EXTEND_TIMEOUT_USEC=90000000$/.test(line)));
  for (const step of ['trying model steady', 'trying model other', 'loading model other']) {
    assert.ok(
      steps.some((line) => line.includes(`${step}|`)),
      `${step}: ${steps.join('; ')}`,
    );
  }
  await until('a status', () => /^STATUS=\d+\.\d frames/.test(lines.at(-1) ?? ''));
  program.child.kill('SIGTERM');
  assert.equal((await program.end()).status, 0);
  assert.equal(lines.at(-1), 'STOPPING=1|STATUS=stopping');
  assert.equal(fed(lines), 0, 'the watchdog of another process was fed');
});

test('the watchdog is fed while frames and inference go on, and not while a model hangs', async () => {
  const { program, lines } = await serve('watched', { WATCHDOG_USEC: '2000000' });
  await until('three feeds', () => fed(lines) >= 3);
  const held = await perl(
    HOLDER,
    String(threadNamed(program.child.pid ?? 0, 'ep-other')),
    process.arch,
  );
  const hangs = (line: string) =>
    line.includes('model other has had one frame for more than 2.0 s');
  await until('the model is found to hang', () => lines.some(hangs));
  await until('it is said again', () => lines.filter(hangs).length >= 3);
  const first = lines.findIndex(hangs);
  assert.equal(fed(lines.slice(first)), 0, lines.slice(first).join('; '));
  assert.ok(
    program.err.includes('the watchdog is not fed: model other') || program.out.includes('not fed'),
  );
  held.child.kill('SIGKILL');
  await once(held.child, 'exit');
  const before = fed(lines);
  await until('it is fed again', () => fed(lines) > before);
  program.child.kill('SIGTERM');
  assert.equal((await program.end()).status, 0);
});

test('a source that gives no frame stops the feed, a frame lets it go on', async () => {
  const { program, lines } = await serve('source', { WATCHDOG_USEC: '2000000' });
  await until('a feed', () => fed(lines) >= 1);
  const pid = program.child.pid ?? 0;
  const held = await perl(HOLDER, String(threadNamed(pid, 'ep-capture')), process.arch);
  const silent = (line: string) =>
    line.includes('source camera has given no frame for more than 2.0 s');
  await until('the source is found to hang', () => lines.some(silent));
  assert.equal(fed(lines.slice(lines.findIndex(silent))), 0);
  held.child.kill('SIGKILL');
  const before = fed(lines);
  await until('it is fed again', () => fed(lines) > before);
  program.child.kill('SIGTERM');
  await program.end();
});
