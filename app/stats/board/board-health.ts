import { noBoard, type SnapshotPart } from '../registry.ts';
import type { BoardSnapshot } from '../snapshot.ts';
import { BoardFiles, spaceAt } from './board-files.ts';
import {
  clock,
  groupPressure,
  load,
  systemPressure,
  temperature,
  throttledWord,
  throttling,
} from './readings.ts';

const PERIOD_MS = 5000;

export interface BoardHealthOptions {
  /** Where the program keeps what it writes. */
  stateFolder: string;
  /** Where `/proc` and `/sys` lie. */
  root?: string;
}

/** Asks the machine every five seconds how it is, off the event loop. */
export class BoardHealth implements SnapshotPart {
  readonly #stateFolder: string;
  readonly #files: BoardFiles;
  #timer: NodeJS.Timeout | null = null;
  #reading: Promise<void> | null = null;
  #board = noBoard();
  /** Every word of the firmware so far. */
  #throttled = 0;

  constructor({ stateFolder, root = '/' }: BoardHealthOptions) {
    this.#stateFolder = stateFolder;
    this.#files = new BoardFiles(root);
  }

  /** Returns when the machine has been asked once. */
  async start(): Promise<void> {
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.read(), PERIOD_MS);
    await this.read();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#reading;
  }

  snapshot(): { board: BoardSnapshot } {
    return { board: this.#board };
  }

  /** Asks now; who asks while an answer is on its way waits for that one. */
  read(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const files = this.#files;
    const [celsius, word, hertz, minute, system, group, state, root] = await Promise.all([
      temperature(files),
      throttledWord(files),
      clock(files),
      load(files),
      systemPressure(files),
      groupPressure(files),
      spaceAt(this.#stateFolder),
      files.rootSpace(),
    ]);
    this.#throttled |= word ?? 0;
    this.#board = {
      temperature_celsius: celsius,
      throttling: word === null ? null : throttling(word, this.#throttled),
      clock_hz: hertz,
      load_average: minute,
      memory_pressure: { system, group },
      space: { state, root },
    };
  }
}
