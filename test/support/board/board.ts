import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../root.ts';
import { Agent } from './agent.ts';
import { PATIENCE_SECONDS } from './patience.ts';

/** Where `scripts/board` puts the kernel and the card, and where consoles are kept. */
export const FOLDER = join(ROOT, 'build', 'board');
/** The address of this machine's loopback, as the guest sees it. */
export const HOST = '10.0.2.2';
const MACHINE_ID = 'ed6eb0a2d0000000000000000000a72a';

export interface BoardOptions {
  /** Of the console's file, `build/board/log/<name>.log`. */
  name: string;
  /** An image that it writes to, or what QEMU names so: `nbd:unix:...`. */
  card: string;
  /** For the kernel, beside the layer's own. */
  kernel?: readonly string[];
  /** U-Boot starts a slot, and a restart is one. Else QEMU starts slot A, and a restart ends it. */
  uBoot?: boolean;
  /** An image of a second disk, which it only reads. */
  stick?: string;
}

/** What the layer puts on the kernel's command line, root and slot aside. */
function layersArguments(): string[] {
  const file = join(ROOT, 'yocto/meta-edgepool/conf/distro/include/edgepool-boot.inc');
  const text = readFileSync(file, 'utf8').replaceAll('\\\n', '');
  const value = (name: string) => new RegExp(`^${name} \\??= "(.*)"$`, 'm').exec(text)?.[1] ?? '';
  return value('EDGEPOOL_CMDLINE')
    .replaceAll(/\$\{(\w+)\}/g, (_, name: string) => value(name))
    .split(/\s+/)
    .concat(value('CMDLINE_ROOTFS').split(/\s+/));
}

/** What QEMU is told of a disk. The last one that is named is the guest's first. */
function disk(name: string, file: string, more = ''): string[] {
  const drive = `if=none,id=${name},format=raw,file=${file}${more}`;
  return ['-drive', drive, '-device', `virtio-blk-device,drive=${name}`];
}

/** The kernel started by QEMU, once. */
const DIRECT = [
  ...['-no-reboot', '-kernel', join(FOLDER, 'vmlinuz')],
  ...['-initrd', join(FOLDER, 'initrd.gz')],
];

/** The kernel's arguments come with the device tree then, as from a board's firmware. QEMU takes none
 *  without a kernel, and an empty file is none to U-Boot. */
const U_BOOT = ['-bios', '/usr/lib/u-boot/qemu_arm64/u-boot.bin', '-kernel', '/dev/null'];

/**
 * An emulated machine with two Cortex-A72, a gigabyte of memory and a card. It is no Raspberry Pi:
 * the kernel is Debian's.
 */
export class Board {
  readonly #options: BoardOptions;
  readonly #agent = new Agent();
  /** Of the console. */
  readonly #lines: string[] = [];
  #process: ChildProcess | null = null;
  #starts = 0;
  #powered_ms = 0;

  constructor(options: BoardOptions) {
    this.#options = options;
  }

  /** Power on. Returns at once; `run` and `until` wait for what they need. */
  async start(): Promise<void> {
    const { name } = this.#options;
    mkdirSync(join(FOLDER, 'log'), { recursive: true });
    const flags = this.#starts++ === 0 ? 'w' : 'a';
    const log = createWriteStream(join(FOLDER, 'log', `${name}.log`), { flags });
    const socket = join(FOLDER, 'log', `${name}.socket`);
    rmSync(socket, { force: true });
    this.#powered_ms = performance.now();
    // It does not outlive the test, however that ends.
    const words = ['--pdeathsig', 'KILL', 'qemu-system-aarch64', ...this.#arguments(socket)];
    const child = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (text) => {
        this.#lines.push(text);
        log.write(`${(this.since_ms / 1000).toFixed(1).padStart(7)} ${text}\n`);
      });
    }
    child.on('close', () => log.end());
    await this.until('QEMU is there', () => existsSync(socket));
    await this.#agent.connect(socket);
  }

  /** Milliseconds since power on, by this machine's clock. */
  get since_ms(): number {
    return performance.now() - this.#powered_ms;
  }

  get running(): boolean {
    const child = this.#process;
    return child !== null && child.exitCode === null && child.signalCode === null;
  }

  /** Waits until something holds. Ends when the machine ends, or patience. */
  async until<T>(
    what: string,
    holds: () => T | Promise<T>,
    patience_seconds = PATIENCE_SECONDS,
  ): Promise<NonNullable<T>> {
    const end = performance.now() + patience_seconds * 1000;
    for (;;) {
      const found = await holds();
      if (found !== undefined && found !== null && found !== false) return found as NonNullable<T>;
      if (!this.running) throw this.#failure(`the machine ended before: ${what}`);
      if (performance.now() > end) {
        throw this.#failure(`waited ${patience_seconds} seconds for: ${what}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The same of something that the guest itself is asked: seldom, for it is slow. */
  async untilThere<T>(what: string, holds: () => Promise<T>): Promise<NonNullable<T>> {
    return this.until(what, async () => {
      await this.run('sleep 2');
      return holds();
    });
  }

  /** What a command in the guest says; fails where that fails. */
  async run(command: string, patience_seconds = PATIENCE_SECONDS): Promise<string> {
    let said: Awaited<ReturnType<Agent['run']>> | undefined;
    void this.#agent.run(command).then((answer) => {
      said = answer;
    });
    const name = command.length > 100 ? `${command.slice(0, 100)}...` : command;
    const { status, text } = await this.until(name, () => said, patience_seconds);
    if (status !== 0) throw new Error(`'${name}' ended with ${status} in the guest: ${text}`);
    return text;
  }

  /** Whether a line of the console fits. */
  said(what: RegExp): boolean {
    return this.#lines.some((line) => what.test(line));
  }

  /** The slots that U-Boot has started since the first power on, oldest first. */
  get slots(): string[] {
    return this.#lines.flatMap((line) => /edgepool: slot ([AB]) \(/.exec(line)?.[1] ?? []);
  }

  /** Monotonic time of the guest, in seconds. */
  async clock(): Promise<number> {
    return Number((await this.run('cat /proc/uptime')).split(' ')[0]);
  }

  /** Whether a command in the guest succeeds. */
  async holds(command: string): Promise<boolean> {
    return this.run(`if ${command}; then echo yes; fi`).then((text) => text.endsWith('yes'));
  }

  /** A property of a unit, `ActiveState` for example. */
  async unit(name: string, property: string): Promise<string> {
    return this.run(`systemctl show --value --property=${property} ${name}`);
  }

  /** Pulls the plug. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    this.#agent.close();
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  }

  #failure(message: string): Error {
    return new Error(`${message}\nThe console's last lines:\n${this.#lines.slice(-25).join('\n')}`);
  }

  #arguments(socket: string): string[] {
    const { card, uBoot = false, stick, kernel = [] } = this.#options;
    const append = [
      ...layersArguments(),
      ...(uBoot ? [] : ['root=/dev/vda2']),
      'console=ttyAMA0',
      // The log goes to the console, whose file is what is left where a test fails.
      ...['systemd.show_status=false', 'systemd.journald.forward_to_console=true'],
      'systemd.journald.max_level_console=info',
      `systemd.machine_id=${MACHINE_ID}`,
      ...kernel,
    ];
    return [
      ...['-M', 'virt', '-cpu', 'cortex-a72', '-smp', '2', '-m', '1G'],
      // Its clock goes by instructions, 4 ns each: on a machine that is busy with other things its
      // seconds are longer for us, and no watchdog of its own bites for that.
      ...['-accel', 'tcg,thread=single', '-icount', 'shift=2,align=off,sleep=on'],
      ...['-display', 'none', '-monitor', 'none', '-nodefaults', '-serial', 'stdio'],
      ...(uBoot ? U_BOOT : DIRECT),
      ...['-append', append.join(' ')],
      ...(stick === undefined ? [] : disk('stick', stick, ',readonly=on')),
      ...disk('card', card),
      ...['-netdev', 'user,id=net', '-device', 'virtio-net-device,netdev=net'],
      ...['-device', 'virtio-rng-device', '-device', 'i6300esb'],
      ...['-chardev', `socket,id=agent,path=${socket},server=on,wait=off`],
      ...['-device', 'virtio-serial-device'],
      ...['-device', 'virtserialport,chardev=agent,name=edgepool.board'],
    ];
  }
}
