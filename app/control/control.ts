import { Ajv, type ValidateFunction } from 'ajv';
import { nearest } from '../config/nearest.ts';
import { type Answer, type Fields, quoted, refusal } from './answer.ts';
import type { Caller } from './caller.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { explain } from './explain.ts';
import type { Ground } from './ground.ts';
import { TurnQueue } from './turn-queue.ts';

/** Changes that may be there at one time, and analyses. */
const MOST_CHANGES = 8;
const MOST_WORK = 2;
const LONGEST_NAME = 64;

/**
 * Every command, wherever it comes from: is it one, are its arguments right, do it, answer. It
 * never throws, and whatever it is given, frames flow on.
 */
export class Control {
  readonly #ground: Ground;
  readonly #checks = new Map<string, ValidateFunction>();
  readonly #commands: ReadonlyMap<string, Command>;
  readonly #changes = new TurnQueue(MOST_CHANGES);
  readonly #work = new TurnQueue(MOST_WORK);
  #leaving: AbortController | null = null;

  constructor(ground: Ground) {
    this.#ground = ground;
    this.#commands = new Map(COMMANDS.map((command) => [command.name, command]));
  }

  /** Compiles what checks arguments: tens of milliseconds, which no frame shall wait for. */
  prepare(): void {
    if (this.#checks.size > 0) return;
    const ajv = new Ajv({ allowUnionTypes: true, verbose: true, keywords: ['expects'] });
    for (const { name, schema } of COMMANDS) this.#checks.set(name, ajv.compile(schema));
  }

  /** Commands are taken from now on. */
  async start(): Promise<void> {
    if (this.#leaving !== null) return;
    this.prepare();
    this.#leaving = new AbortController();
  }

  /** No command begins any more; an analysis ends. What is in work its owner ends: a change of
   *  models those who hold the models. */
  async stop(): Promise<void> {
    this.#leaving?.abort();
    this.#leaving = null;
  }

  async execute(name: string, args: unknown, caller: Caller = 'here'): Promise<Answer> {
    try {
      const command = this.#commands.get(name);
      if (command === undefined) throw new Error(unknown(name, [...this.#commands.keys()]));
      const check = this.#checks.get(name);
      if (check === undefined || this.#leaving === null) throw new Error(STOPPED);
      if (!check(args)) throw new Error(explain(command, check.errors ?? []));
      const fields = await this.#inTurn(command, args as Fields, caller);
      return { ...fields, ok: true };
    } catch (error) {
      return refusal(error);
    }
  }

  #inTurn(command: Command, args: Fields, caller: Caller): Promise<Fields> {
    const run = async (): Promise<Fields> => {
      const signal = this.#leaving?.signal;
      if (signal === undefined) throw new Error(STOPPED);
      return command.run(args, this.#ground, signal, caller);
    };
    if (command.kind === 'read') return run();
    return command.kind === 'change' ? this.#changes.do(run) : this.#work.do(run);
  }
}

const STOPPED = 'the program is starting or stopping; try again when it runs';

function unknown(name: string, known: readonly string[]): string {
  const near = nearest(name.slice(0, LONGEST_NAME), known);
  return `${quoted(name)} is not a command; the nearest is ${near}`;
}
