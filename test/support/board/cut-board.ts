import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../random.ts';
import { Board, FOLDER } from './board.ts';
import { type Left, readCut } from './cut-card.ts';
import { NbdServer } from './nbd.ts';
import { type Cut, VolatileDisk } from './volatile-disk.ts';

/** A board whose card forgets at a power cut what was not flushed; it can be started again and again. */
export class CutBoard {
  readonly #card: string;
  readonly #random: Random;
  readonly #socket = join(FOLDER, 'power-cut.disk');
  #disk: VolatileDisk | null = null;
  #server: NbdServer | null = null;
  #board: Board | null = null;
  #starts = 0;

  constructor(card: string, random: Random) {
    this.#card = card;
    this.#random = random;
  }

  async start(): Promise<void> {
    this.#disk = new VolatileDisk(this.#card);
    this.#server = new NbdServer(this.#disk);
    await this.#server.start(this.#socket);
    const name = `power-cut-${this.#starts++}`;
    this.#board = new Board({ name, card: `nbd:unix:${this.#socket}` });
    await this.#board.start();
  }

  /** Waits until first boot begins. */
  async firstBoot(): Promise<void> {
    await this.until('first boot', () => this.said(/Starting edgepool-first-boot/));
  }

  said(what: RegExp): boolean {
    return this.#on.said(what);
  }

  async until<T>(what: string, holds: () => T | Promise<T>): Promise<NonNullable<T>> {
    return this.#on.until(what, holds);
  }

  async run(command: string): Promise<string> {
    return this.#on.run(command);
  }

  /** Pulls the plug: what came to the disk of what was not flushed, and what a machine finds there
   *  that starts with it. `model`: a path from the data partition's root. */
  async cut(model: string): Promise<Cut & { left: Left }> {
    const disk = this.#disk;
    await this.#off();
    if (disk === null) throw new Error('the board is not on');
    const cut = disk.cut(this.#random);
    disk.close();
    return { ...cut, left: readCut(this.#card, model) };
  }

  async remove(): Promise<void> {
    await this.#off();
    rmSync(this.#socket, { force: true });
  }

  async #off(): Promise<void> {
    await this.#board?.kill();
    await this.#server?.stop();
    this.#disk = this.#server = this.#board = null;
  }

  get #on(): Board {
    if (this.#board === null) throw new Error('the board is not on');
    return this.#board;
  }
}
