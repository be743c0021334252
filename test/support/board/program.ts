import type { Snapshot } from '../../../app/stats/snapshot.ts';
import type { Board } from './board.ts';

const LOG = '/run/edgepool.log';
const PID = '/run/edgepool.pid';
const STATUS = '/run/edgepool.status';
const REPORT = '/run/report.json';

/** `edgepool run` by hand, as root, with the settings and models that a board is shipped with. */
export class Program {
  readonly #board: Board;

  constructor(board: Board) {
    this.#board = board;
  }

  /** Without waiting until it runs. */
  async start(source: string): Promise<void> {
    const settings = '--config /usr/share/edgepool/edgepool.yaml --broker none --fps 5';
    const run = `sh -c 'echo $$ >${PID}; exec "$@"' sh edgepool run ${settings} --source '${source}' --report ${REPORT}`;
    await this.#board.run(`rm -f ${STATUS}; (${run}; echo $? >${STATUS}) >${LOG} 2>&1 &`);
  }

  /** Waits until it has said something. */
  async says(what: RegExp): Promise<void> {
    const said = async () => what.test(await this.#board.run(`cat ${LOG}`));
    await this.#board.untilThere(`${what} in its log`, said);
  }

  /** Waits until it has completed so many more frames. */
  async gives(frames: number): Promise<void> {
    const first = await this.#completed();
    const enough = async () => (await this.#completed()) >= first + frames;
    await this.#board.untilThere(`${frames} more frames`, enough);
  }

  /** Ends it; its report. */
  async end(): Promise<Snapshot> {
    await this.#board.run(`kill -TERM $(cat ${PID})`);
    const gone = () => this.#board.holds(`test -s ${STATUS}`);
    await this.#board.untilThere('its end', gone);
    const end = `tail -n 20 ${LOG}; echo "status $(cat ${STATUS})"; exit 1`;
    return JSON.parse(await this.#board.run(`cat ${REPORT} || { ${end}; }`));
  }

  async #completed(): Promise<number> {
    const status = await this.#board.run(`grep '"msg":"status"' ${LOG} | tail -n 1`);
    return status === '' ? 0 : Number(/"completed":(\d+)/.exec(status)?.[1] ?? 0);
  }
}
