import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild } from '../native/child.ts';
import type { Snapshot } from '../stats/snapshot.ts';
import type { Bench, BenchContext, Findings } from './bench.ts';
import { edgepool, glibc } from './contenders.ts';
import { type BenchTable, OURS } from './result.ts';
import { median, rowOf, target } from './statistics.ts';

const CONTENDERS = [edgepool, glibc];
const FPS = 30;
/** Runs of each contender, in turn, and how long each is. */
const RUNS = { full: 2, tiny: 1 } as const;
const SECONDS = { full: 30, tiny: 2 } as const;
const STEP_SECONDS = 2;
/** The highest frame rate is looked for between FPS and this, so often halved. */
const MOST_FPS = 270;
const HALVINGS = { full: 4, tiny: 1 } as const;
/** A frame rate is sustained when so many answers are in time and so few frames are left out. */
const SUSTAINED = 0.98;

type Report = Pick<Snapshot, 'frames' | 'deadline_hit_ratio' | 'frame_latency_ms' | 'steady_state'>;

/** The default job, as everybody runs it. */
async function runJob(who: string, fps: number, seconds: number): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'edgepool-bench-'));
  try {
    const report = join(folder, 'report.json');
    const program = [...process.execArgv, process.argv[1] ?? ''];
    const words = [
      ...[...program, 'run', '--broker', 'none', '--fps', String(fps)],
      ...['--duration', String(seconds), '--report', report],
    ];
    const { EDGEPOOL_CONFIG: _config, ...inherited } = process.env;
    const environment = { ...inherited, EDGEPOOL_RUNTIME_POOLS: String(who === OURS) };
    const { status, errors } = await runChild(process.execPath, words, { environment });
    if (status !== 0) throw new Error(errors.trim().split('\n').at(-1) ?? 'the run ended');
    return JSON.parse(readFileSync(report, 'utf8')) as Report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function sustained({ frames, deadline_hit_ratio }: Report, fps: number): boolean {
  const inTime = deadline_hit_ratio >= SUSTAINED;
  return inTime && frames.completed >= SUSTAINED * frames.captured && frames.fps >= SUSTAINED * fps;
}

/** Something else on the machine may take the processor once: a rate has two tries. */
async function holds(who: string, fps: number): Promise<boolean> {
  const once = async () => sustained(await runJob(who, fps, STEP_SECONDS), fps);
  return (await once()) || (await once());
}

/** By halving, above what the runs have shown to hold; contenders in turn at every step. */
async function highestRates(
  { effort, tell }: BenchContext,
  taken: Readonly<Record<string, Report[]>>,
): Promise<Record<string, number[]>> {
  const bounds = Object.fromEntries(
    Object.entries(taken).map(([id, reports]) => {
      const held = reports.every((report) => sustained(report, FPS));
      return [id, { holds: held ? FPS : 0, fails: MOST_FPS }];
    }),
  );
  for (let step = 0; step < HALVINGS[effort]; step += 1) {
    for (const [id, of] of Object.entries(bounds)) {
      const next = Math.round((of.holds + of.fails) / 2);
      tell(`stream: ${id} at ${next} frames a second`);
      if (await holds(id, next)) of.holds = next;
      else of.fails = next;
    }
  }
  return Object.fromEntries(Object.entries(bounds).map(([id, { holds }]) => [id, [holds]]));
}

async function run(context: BenchContext): Promise<Findings> {
  const { effort, tell } = context;
  const taken: Record<string, Report[]> = Object.fromEntries(
    CONTENDERS.map(({ id }) => [id, [] as Report[]]),
  );
  for (let turn = 0; turn < RUNS[effort]; turn += 1) {
    for (const { id } of CONTENDERS) {
      tell(`stream: ${id}, ${SECONDS[effort]} s`);
      taken[id]?.push(await runJob(id, FPS, SECONDS[effort]));
    }
  }
  const figures = figuresOf(taken, await highestRates(context, taken));
  return {
    tables: tablesOf(figures),
    targets: judge(figures),
    notes: [
      'The default job of three models on the moving pattern. glibc: the same program with ' +
        "`runtime.pools: false`, in which models take their memory from the process's allocator.",
    ],
  };
}

type Values = Record<string, number[]>;
type Figures = Record<'fps' | 'inTime' | 'faults' | 'p50' | 'p99' | 'highest', Values>;

function figuresOf(taken: Readonly<Record<string, Report[]>>, highest: Values): Figures {
  const values = (figure: (report: Report) => number): Values =>
    Object.fromEntries(Object.entries(taken).map(([id, all]) => [id, all.map(figure)]));
  return {
    fps: values(({ frames }) => frames.fps),
    inTime: values(({ deadline_hit_ratio: hits }) => 100 * hits),
    faults: values(({ steady_state: still }) => still.minor_faults),
    p50: values(({ frame_latency_ms: latency }) => latency.p50 ?? 0),
    p99: values(({ frame_latency_ms: latency }) => latency.p99 ?? 0),
    highest,
  };
}

function tablesOf({ fps, inTime, faults, p50, p99, highest }: Figures): BenchTable[] {
  const table = (
    title: string,
    unit: string,
    better: BenchTable['better'],
    rows: [string, Values][],
  ): BenchTable => ({
    ...{ id: rows[0]?.[0].replaceAll(/\W+/g, '-') ?? '', title, unit, better, cache: null },
    contenders: CONTENDERS.map(({ id, title: name }) => ({ id, title: name })),
    rows: rows.map(([label, values]) => rowOf(label, values, better)),
  });
  return [
    table(`Frames a second, ${FPS} asked for`, 'fps', 'more', [['answered', fps]]),
    table('Answers within their deadline', '%', 'more', [['in time', inTime]]),
    table('From capture to the last answer of a frame', 'ms', 'less', [
      ['half of the frames', p50],
      ['99 of 100', p99],
    ]),
    table('Page faults of the threads that work on frames, once all is warm', 'faults', 'less', [
      ['faults in a run', faults],
    ]),
    table('Highest frame rate with 98 % in time and 2 % left out at most', 'fps', 'more', [
      ['sustained', highest],
    ]),
  ];
}

function judge({ fps, inTime, faults, highest }: Figures): Findings['targets'] {
  const ours = (values: Values) => values[OURS] ?? [];
  const rates = (highest[OURS]?.[0] ?? 0) / Math.max(1, highest[glibc.id]?.[0] ?? 0);
  return [
    target('frames a second', 'at least', 29.9, median(ours(fps))),
    target('answers in time, %', 'at least', 95, median(ours(inTime))),
    target('page faults', 'at most', 0, Math.max(...ours(faults))),
    target("highest frame rate over glibc's", 'at least', 1, rates),
  ];
}

export const stream: Bench = {
  name: 'stream',
  about: 'Frames through three models for a minute, and how fast they may come.',
  run,
};
