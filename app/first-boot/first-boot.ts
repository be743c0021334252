import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BoardSettings } from './board-settings.ts';
import { BOOT_FILE, type BootSettings, findEntry, readBootFile } from './boot-file.ts';
import type { Access, Disk } from './disk.ts';
import { discard, type Intake, type Judge, takeIn } from './intake.ts';
import { noticesText, REPORT_FILE, type RunsOn, reportText } from './outcome.ts';
import type { Places } from './places.ts';
import { ProgramSettings } from './program-settings.ts';
import { withoutSecrets } from './secrets.ts';
import { Wipe, withNote } from './wipe.ts';
import { WriteProtected, whileWritable } from './writable.ts';

export interface FirstBootOptions {
  places: Places;
  disk: Disk;
  judge: Judge;
}

/** What a person should know. A fault keeps the rest from nothing but what it is about. */
export interface Outcome {
  faults: string[];
  notices: string[];
}

/**
 * Takes what is on the boot partition to the data partition. It does the same at every start, and
 * nothing where everything is done: a power cut at any moment leaves old or new settings, and the
 * next start completes them. The order is what makes it so: everything is on the data partition
 * before the boot partition is touched.
 */
export class FirstBoot {
  readonly #places: Places;
  readonly #disk: Disk;
  readonly #judge: Judge;
  readonly #home: string;
  readonly #board: string;
  readonly #wipe: Wipe;

  constructor({ places, disk, judge }: FirstBootOptions) {
    this.#places = places;
    this.#disk = disk;
    this.#judge = judge;
    this.#home = join(places.data, 'edgepool');
    this.#board = join(places.data, 'board');
    this.#wipe = new Wipe(disk, this.#board);
  }

  run(): Outcome {
    const outcome: Outcome = { faults: [], notices: [] };
    let runsOn: RunsOn = 'defaults';
    try {
      runsOn = this.#take(outcome);
    } catch (error) {
      const { code, path } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      const advice = 'the data or the boot partition is missing, full or broken';
      outcome.faults.push(`${path ?? this.#places.data}: ${code}; ${advice}`);
    }
    this.#tell(outcome, runsOn);
    return outcome;
  }

  #take(outcome: Outcome): RunsOn {
    const { boot } = this.#places;
    this.#disk.folder(this.#board, { mode: 0o755, owner: null });
    const owner = this.#ownerOfHome();
    if (this.#wipe.pending) this.#change(outcome, () => this.#wipe.finish(this.#bootFile()));
    const options = { disk: this.#disk, boot, home: this.#home, owner, judge: this.#judge };
    const intake = takeIn(options);
    const file = readBootFile(boot);
    const program = this.#program(owner);
    const hadSettings = program.areWhole;
    outcome.faults.push(...intake.faults);
    outcome.notices.push(...intake.notices);
    if (file.kind === 'refused') {
      outcome.faults.push(...file.faults);
      if (!hadSettings && file.reaching !== null) this.#reach(file.reaching, program);
    }
    const taken = file.kind === 'settings' && this.#apply(file, program, outcome);
    this.#tidy(taken && file.kind === 'settings' ? file : null, intake, outcome);
    this.#remember(taken && outcome.faults.length === 0);
    if (taken) return 'edgepool.yaml';
    return hadSettings ? 'settings taken before' : 'defaults';
  }

  #program(owner: Access['owner']): ProgramSettings {
    const { shipped } = this.#places;
    return new ProgramSettings({ disk: this.#disk, home: this.#home, owner, shipped });
  }

  #bootFile(): string | null {
    const found = findEntry(this.#places.boot, BOOT_FILE);
    return found === null ? null : join(this.#places.boot, found);
  }

  /** What is made in the program's folder is the program's. */
  #ownerOfHome(): Access['owner'] {
    if (!existsSync(this.#home)) this.#disk.folder(this.#home, { mode: 0o750, owner: null });
    const { uid, gid } = statSync(this.#home);
    return { uid, gid };
  }

  /** Writes the file's settings. False where they are refused: then nothing is written. */
  #apply(file: BootSettings, program: ProgramSettings, outcome: Outcome): boolean {
    const { layer, document } = file;
    if (Object.keys(layer.values).length === 0 && program.areForeign) return true;
    const settings = program.prepare(layer, document);
    const board = new BoardSettings(this.#disk, this.#places).prepare(layer, document);
    outcome.faults.push(...settings.faults, ...settings.modelFaults, ...board.faults);
    if (settings.faults.length > 0 || board.faults.length > 0) return false;
    settings.write('whole');
    board.write();
    if (settings.config?.mqtt.broker === 'embedded') {
      outcome.notices.push(
        'no broker is named: the one inside the program is used, which only the board reaches',
      );
    }
    return true;
  }

  /** A board that has nothing yet joins the network and the broker of a file that is refused
   *  otherwise, to tell why. */
  #reach({ layer, document }: BootSettings, program: ProgramSettings): void {
    const settings = program.prepare(layer, document);
    const board = new BoardSettings(this.#disk, this.#places).prepare(layer, document);
    if (settings.faults.length > 0 || board.faults.length > 0) return;
    settings.write('partial');
    board.write();
  }

  /** What was taken goes from the boot partition, which is writable for just that time. */
  #tidy(file: BootSettings | null, { taken }: Intake, outcome: Outcome): void {
    const { boot } = this.#places;
    const wiped = file === null ? null : withoutSecrets(file.bytes, file.document);
    const report = reportText(outcome.faults);
    const isTold = this.#reported() === report;
    if (wiped === null && taken.length === 0 && isTold) return;
    if (file !== null && wiped !== null) {
      this.#wipe.begin(file.bytes, withNote(wiped));
      outcome.notices.push(`${BOOT_FILE}: passwords and tokens were taken`);
    }
    this.#change(outcome, () => {
      if (file !== null) this.#wipe.finish(file.file);
      for (const each of taken) discard(this.#disk, each);
      const told = join(boot, REPORT_FILE);
      if (report === null) this.#disk.remove(told);
      else if (!isTold) this.#disk.replace(told, Buffer.from(report), { mode: null, owner: null });
    });
  }

  /** Changes the boot partition. One that takes no writing keeps what it has; the rest goes on. */
  #change(outcome: Outcome, action: () => void): void {
    try {
      whileWritable(this.#places.boot, action);
    } catch (error) {
      if (!(error instanceof WriteProtected)) throw error;
      const fault = `${error.message}; what is to be wiped from it is still there`;
      if (!outcome.faults.includes(fault)) outcome.faults.push(fault);
    }
  }

  /** What the report on the boot partition says now. */
  #reported(): string | null {
    const told = join(this.#places.boot, REPORT_FILE);
    return existsSync(told) ? readFileSync(told, 'utf8') : null;
  }

  /** For the program, which tells it by MQTT. */
  #tell({ faults }: Outcome, runsOn: RunsOn): void {
    const { run } = this.#places;
    this.#disk.folder(run, { mode: 0o755, owner: null });
    const file = join(run, 'notices.json');
    const text = noticesText(faults, runsOn);
    if (text === null) this.#disk.remove(file);
    else this.#disk.replace(file, Buffer.from(text), { mode: 0o644, owner: null });
  }

  /** A copy of the file as it was left: where the next start finds the same it asks no further. */
  #remember(done: boolean): void {
    const seen = join(this.#board, 'seen.yaml');
    const file = this.#bootFile();
    if (!done || file === null) this.#disk.remove(seen);
    else this.#disk.replace(seen, readFileSync(file), { mode: 0o644, owner: null });
  }
}
