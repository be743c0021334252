import { COMMANDS } from '../../app/control/commands.ts';
import type { Random } from './random.ts';

/** A request as somebody might send it who knows the commands, half knows them, or means harm. */
export interface RandomRequest {
  /** Behind `set/`. */
  name: string;
  payload: Buffer;
  retain: boolean;
  responseTopic: string | undefined;
  correlation: Buffer | undefined;
}

/** analyze starts a process and a snapshot waits for a frame: those come now and then alone. */
const RARE = ['analyze', 'snapshot'];
const READING = COMMANDS.filter(({ kind }) => kind === 'read').map(({ name }) => name);
const CHANGING = COMMANDS.filter(({ kind }) => kind !== 'read')
  .map(({ name }) => name)
  .filter((name) => !RARE.includes(name));
const NAMES = ['b', 'c', 'd', 'nobody', '', '../b', 'b\u0000', '__proto__', 'é'];
const FILES = [
  'tiny',
  'tiny_int8.tflite',
  'broken',
  'nobody',
  '../../etc/passwd',
  '/dev/zero',
  '.',
];
const KEYS = [
  ...['model', 'file', 'as', 'labels', 'threads', 'every', 'fps', 'priority', 'deadline_ms'],
  ...['width', 'height', 'source', 'id', '__proto__', 'constructor', 'toString', '', 'x'],
];
const NUMBERS = [0, 1, 2, -1, 0.5, 16, 320, 240, 4096, 1e9, -1e308, 2 ** 53, Number.MIN_VALUE];
const RESPONSES = ['house/answer', 'house/set/lamp', 'edgepool/board/set/unload', '$SYS/x', 'a'];

export class RandomRequests {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): RandomRequest {
    return {
      name: this.#name(),
      payload: this.#payload(),
      retain: this.#chance(0.02),
      responseTopic: this.#chance(0.1) ? this.#one(RESPONSES) : undefined,
      correlation: this.#chance(0.1) ? this.#bytes(64) : undefined,
    };
  }

  #name(): string {
    const choice = this.#random.next();
    if (choice < 0.3) return this.#one(READING);
    if (choice < 0.7) return this.#one(CHANGING);
    if (choice < 0.702) return 'analyze';
    if (choice < 0.71) return 'snapshot';
    if (choice < 0.8) return `${this.#one(CHANGING)}/${this.#one(READING)}`;
    if (choice < 0.9) return this.#one([...KEYS, ...NAMES]).replaceAll('\u0000', '');
    return this.#bytes(40).toString('hex').slice(1) || '/';
  }

  #payload(): Buffer {
    const choice = this.#random.next();
    if (choice < 0.05) return Buffer.alloc(0);
    if (choice < 0.15) return this.#bytes(200);
    const text = JSON.stringify(choice < 0.25 ? this.#value(6) : this.#arguments());
    // Half a message, or one with a byte changed.
    if (choice < 0.3) return Buffer.from(text.slice(0, this.#random.integer(0, text.length)));
    const payload = Buffer.from(text);
    if (choice < 0.35 && payload.length > 0) {
      payload[this.#random.integer(0, payload.length - 1)] = this.#random.integer(0, 255);
    }
    return payload;
  }

  #arguments(): object {
    const count = this.#random.integer(0, 4);
    const entries = Array.from({ length: count }, () => {
      const key = this.#one(KEYS);
      return [key, this.#chance(0.7) ? this.#fitting(key) : this.#value(3)];
    });
    return Object.fromEntries(entries);
  }

  /** What the command might take. Model `a` is left alone, to see that nobody disturbs it. */
  #fitting(key: string): unknown {
    if (key === 'file') return this.#one(FILES);
    if (key === 'source') return this.#one(['camera', 'camera', 'front']);
    if (key === 'model' || key === 'as' || key === 'labels') return this.#one(NAMES);
    return this.#one(NUMBERS);
  }

  #value(depth: number): unknown {
    const kinds = depth > 0 ? 7 : 5;
    switch (this.#random.integer(0, kinds - 1)) {
      case 0:
        return null;
      case 1:
        return this.#chance(0.5);
      case 2:
        return this.#one(NUMBERS);
      case 3:
        return this.#bytes(30).toString('latin1');
      case 4:
        return 'x'.repeat(this.#chance(0.02) ? 70_000 : 3);
      case 5:
        return Array.from({ length: this.#random.integer(0, 5) }, () => this.#value(depth - 1));
      default:
        return Object.fromEntries(
          Array.from({ length: this.#random.integer(0, 5) }, () => [
            this.#one(KEYS),
            this.#value(depth - 1),
          ]),
        );
    }
  }

  #bytes(most: number): Buffer {
    const length = this.#random.integer(0, most);
    return Buffer.from(Array.from({ length }, () => this.#random.integer(0, 255)));
  }

  #one<T>(values: readonly T[]): T {
    return values[this.#random.integer(0, values.length - 1)] as T;
  }

  #chance(share: number): boolean {
    return this.#random.next() < share;
  }
}
