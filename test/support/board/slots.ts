import type { Board } from './board.ts';

const STICK = '/run/stick';
const PLUGGED = `mkdir -p ${STICK} && { mountpoint -q ${STICK} || mount -r /dev/vdb ${STICK}; }`;
/** Of 512 bytes: a part of an update, well after its begin. */
const PART_SECTORS = 100_000;

/** The two slots of a board, as U-Boot and RAUC have them, and updates out of the stick. */
export class Slots {
  readonly #board: Board;

  constructor(board: Board) {
    this.#board = board;
  }

  /** The slot that runs, as the kernel was told. */
  async running(): Promise<string> {
    return this.#board.run("sed 's/.*rauc.slot=\\([AB]\\).*/\\1/' /proc/cmdline");
  }

  /** How U-Boot is to choose: the order, and how many tries each slot has left. */
  async choice(): Promise<{ order: string; A: number; B: number }> {
    const text = await this.#board.run('fw_printenv BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT');
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? '';
    const left = (slot: string) => Number.parseInt(value(`BOOT_${slot}_LEFT`), 16);
    return { order: value('BOOT_ORDER'), A: left('A'), B: left('B') };
  }

  /** Whether a slot has proved itself since it was written. */
  async proved(slot: string): Promise<boolean> {
    return this.#board.holds(`test -e /data/rauc/proved-${slot}`);
  }

  /** Lets the running slot prove itself within seconds instead of minutes, and waits until it has: while
   *  an update is written, until that has ended. */
  async prove(): Promise<void> {
    const unit = 'edgepool-mark-good.service';
    const folder = `/run/systemd/system/${unit}.d`;
    const sooner = '[Service]\\nEnvironment=EDGEPOOL_HOLD_SECONDS=5\\n';
    await this.#board.run(
      `mkdir -p ${folder} && printf '${sooner}' >${folder}/sooner.conf && systemctl daemon-reload`,
    );
    await this.#board.run(`systemctl restart ${unit}`);
  }

  /** The first bytes of a slot, by their digest. */
  async digest(slot: 'a' | 'b'): Promise<string> {
    return this.#board.run(`head -c 16M /dev/edgepool/slot-${slot} | sha256sum`);
  }

  /** Installs a bundle into the slot that does not run; what RAUC says. */
  async install(bundle: string): Promise<string> {
    return this.#board.run(`${PLUGGED} && rauc install ${STICK}/${bundle}.raucb`);
  }

  /** What RAUC says to a bundle that it does not take. */
  async refusal(bundle: string): Promise<string> {
    return this.#board.run(`${PLUGGED} && ! rauc install ${STICK}/${bundle}.raucb`);
  }

  /** Begins to install a bundle, and returns when a part of it has been written. */
  async begin(bundle: string, slot: 'a' | 'b'): Promise<void> {
    const counters = `/sys/class/block/$(basename $(realpath /dev/edgepool/slot-${slot}))/stat`;
    const install = `rauc install ${STICK}/${bundle}.raucb >/dev/null 2>&1`;
    await this.#board.run(`${PLUGGED} && { ${install} & }`);
    await this.#board.untilThere('a part of it is written', () =>
      this.#board.holds(`test $(awk '{ print $7 }' ${counters}) -gt ${PART_SECTORS}`),
    );
  }

  /** Does something that restarts the board; the next slots that U-Boot starts, so many of them. */
  async after(restart: string, count = 1): Promise<string[]> {
    const before = this.#board.slots.length;
    await this.#board.run(restart);
    await this.#board.until(
      `U-Boot starts slot number ${before + count}`,
      () => this.#board.slots.length >= before + count,
    );
    return this.#board.slots.slice(before);
  }
}
