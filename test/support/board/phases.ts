import type { Board } from './board.ts';

/** Monotonic time of the guest's kernel, in milliseconds. */
async function guestTime_ms(board: Board, unit: string, property: string): Promise<number> {
  return Number(await board.unit(unit, property)) / 1000;
}

/** A table of the time from power on to the first telemetry. */
export async function phases(board: Board, telemetry_ms: number): Promise<string> {
  const kernel = await board.says(/Booting Linux/);
  // The kernel's clock begins with its first line.
  const since = (guest_ms: number) => kernel.after_ms + guest_ms;
  const service = 'edgepool.service';
  const ends: [string, number][] = [
    ['machine and kernel image', kernel.after_ms],
    ['kernel, disk found', since(await guestTime_ms(board, '', 'UserspaceTimestampMonotonic'))],
    [
      'systemd, until it starts edgepool',
      since(await guestTime_ms(board, service, 'ExecMainStartTimestampMonotonic')),
    ],
    [
      'edgepool, until it is ready',
      since(await guestTime_ms(board, service, 'ActiveEnterTimestampMonotonic')),
    ],
    ['first telemetry at the broker', telemetry_ms],
  ];
  let before = 0;
  const rows = ends.map(([name, end_ms]) => {
    const row = `${name.padEnd(36)}${seconds(end_ms - before)}${seconds(end_ms)}`;
    before = end_ms;
    return row;
  });
  return [`${'phase'.padEnd(36)}      took     at`, ...rows].join('\n');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`.padStart(10);
}
