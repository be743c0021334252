import type { Board } from './board.ts';
import type { State } from './telemetry.ts';

/** Monotonic time of the guest's kernel, in milliseconds. */
async function guestTime_ms(board: Board, unit: string, property: string): Promise<number> {
  return Number(await board.unit(unit, property)) / 1000;
}

/** When a state was told, by the kernel's clock. */
async function told_ms(board: Board, { time }: State): Promise<number> {
  const [now = '', up = ''] = (await board.run('date +%s.%N; cat /proc/uptime')).split('\n');
  return Date.parse(time) - 1000 * (Number(now) - Number.parseFloat(up));
}

/** A table of the time from the kernel's first line to the first telemetry, by the guest's clock, and
 *  how long that took here. */
export async function phases(board: Board, first: State, here_ms: number): Promise<string> {
  const service = 'edgepool.service';
  const ends: [string, number][] = [
    ['kernel, disk found', await guestTime_ms(board, '', 'UserspaceTimestampMonotonic')],
    [
      'systemd, until it starts edgepool',
      await guestTime_ms(board, service, 'ExecMainStartTimestampMonotonic'),
    ],
    [
      'edgepool, until it is ready',
      await guestTime_ms(board, service, 'ActiveEnterTimestampMonotonic'),
    ],
    ['first telemetry', await told_ms(board, first)],
  ];
  ends.sort(([, one], [, other]) => one - other);
  let before = 0;
  const rows = ends.map(([name, end_ms]) => {
    const row = `${name.padEnd(36)}${seconds(end_ms - before)}${seconds(end_ms)}`;
    before = end_ms;
    return row;
  });
  const here = `power on to first telemetry, by this machine's clock: ${seconds(here_ms).trim()}`;
  return [`${'phase, by the guest'.padEnd(36)}      took        at`, ...rows, here].join('\n');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`.padStart(10);
}
