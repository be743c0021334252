/** What the program runs on after first boot. */
export type RunsOn = 'edgepool.yaml' | 'settings taken before' | 'defaults';

/** On the boot partition, for whoever has nothing but another computer to read the card with. */
export const REPORT_FILE = 'edgepool-report.txt';

const MOST_TOLD = 32;
const LONGEST_TOLD = 500;

/** The text of the report, with the line ends that every editor knows; null: nothing is wrong. */
export function reportText(faults: readonly string[]): string | null {
  if (faults.length === 0) return null;
  const lines = [
    'The board has not taken everything from here. What it found wrong:',
    '',
    ...faults,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** The notice that the program publishes, as a file; null: nothing is wrong. */
export function noticesText(faults: readonly string[], runsOn: RunsOn): string | null {
  if (faults.length === 0) return null;
  const told = faults.slice(0, MOST_TOLD).map((fault) => fault.slice(0, LONGEST_TOLD));
  const more = faults.length - told.length;
  const notice = { event: 'first_boot_refused', faults: told, more, runs_on: runsOn };
  return `${JSON.stringify([notice])}\n`;
}
