import type { Board } from './board.ts';
import type { State, Telemetry } from './telemetry.ts';

const UNIT = 'edgepool.service';

/** Of the log. */
interface Line {
  msg: string;
  /** Where it tells of frames. */
  completed?: number;
  /** Where it tells of models. */
  models?: unknown[];
}

/** edgepool.service of a board, and what it tells. */
export class Service {
  readonly #board: Board;
  readonly #telemetry: Telemetry;

  constructor(board: Board, telemetry: Telemetry) {
    this.#board = board;
    this.#telemetry = telemetry;
  }

  property(name: string): Promise<string> {
    return this.#board.unit(UNIT, name);
  }

  /** What it has logged since power on. */
  log(): Promise<string> {
    return this.#board.run(`journalctl --no-pager --output=cat --unit=${UNIT}`);
  }

  /** The same, what of it has fields. */
  async lines(): Promise<Line[]> {
    const lines = (await this.log()).split('\n');
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  }

  /** The answer to a command over its socket, in JSON. */
  ask(command: string): Promise<string> {
    const asService = 'setpriv --reuid=edgepool --regid=edgepool --clear-groups';
    const socket = '/run/edgepool/control.sock';
    return this.#board.run(`${asService} edgepool ${command} --json --socket ${socket}`);
  }

  /** Of its main process. */
  async pid(): Promise<number> {
    return Number(await this.property('MainPID'));
  }

  /** The kernel's number of one of its threads, by name. */
  async thread(name: string): Promise<number> {
    const tasks = `/proc/${await this.pid()}/task`;
    const find = `grep -lx '${name}' ${tasks}/*/comm | head -1 | xargs dirname | xargs basename`;
    return Number(await this.#board.run(find));
  }

  /** Stops one thread of the program for good; its first one has the process's number. */
  async hang(thread: number): Promise<void> {
    const hold = `/usr/libexec/edgepool-test/hold ${thread} 3600`;
    await this.#board.run(`${hold} >/dev/null 2>&1 </dev/null &`);
  }

  /** How many processes there are that run the program. */
  async instances(): Promise<number> {
    // The brackets keep the search from finding itself.
    return Number(await this.#board.run("grep -lz 'edgepool[.]mjs' /proc/[0-9]*/cmdline | wc -l"));
  }

  /** A state of another start than the given one, with frames. */
  async again(boot: string, fits: (state: State) => boolean = () => true): Promise<State> {
    return this.#telemetry.state(
      this.#board,
      'telemetry of another start, with frames',
      (state) => state.boot !== boot && state.frames.completed > 0 && fits(state),
    );
  }

  /** Puts other settings in place, as somebody does who edits the file, and starts with them. */
  async settings(yaml: string): Promise<void> {
    const text = Buffer.from(yaml).toString('base64');
    await this.#board.run(`base64 -d <<<${text} >/data/edgepool/edgepool.yaml`);
    await this.restart();
  }

  /** Seconds of the guest's clock at which its main process was started. */
  async startedAt(): Promise<number> {
    return Number(await this.property('ExecMainStartTimestampMonotonic')) / 1e6;
  }

  async restart(): Promise<void> {
    await this.#board.run(`systemctl restart --no-block ${UNIT}`);
  }
}
