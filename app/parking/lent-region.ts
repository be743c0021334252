import { freeHugePages, HUGE_PAGE_BYTES, hugePages } from '../memory/huge-pages.ts';
import type { Region } from '../memory/region.ts';
import type { RegionStats } from '../native/structs.ts';
import type { Companion } from './companion.ts';
import { StillLent } from './still-lent.ts';

export interface LentRegionOptions {
  region: Pick<Region, 'options' | 'lend' | 'takeBack' | 'stats'>;
  /** Null: reserved huge pages are not lent. */
  companion: Pick<Companion, 'keep'> | null;
}

/**
 * A region whose memory is lent, whatever its pages are. A reserved huge page that the region gives
 * up is one of the kernel's free ones, and of use to nobody else until the kernel keeps one less.
 * So the companion is told, at each step, to have the kernel keep what is not lent: a number, not a
 * difference, so that an answer which got lost does no harm.
 */
export class LentRegion {
  readonly #options: LentRegionOptions;
  /** What the kernel keeps where nothing is lent; null: nothing was lent yet. */
  #whole: number | null = null;

  constructor(options: LentRegionOptions) {
    this.#options = options;
  }

  stats(): RegionStats {
    return this.#options.region.stats();
  }

  /** Before the region takes its memory: what an earlier program had lent is huge pages again, as
   *  far as the region needs them. Throws StillLent where not all can be had; then none was taken. */
  async prepare(): Promise<void> {
    const { region, companion } = this.#options;
    const { pages, capacityBytes } = region.options;
    const missing = Math.ceil(capacityBytes / HUGE_PAGE_BYTES) - freeHugePages();
    if (companion === null || pages === 'ordinary' || missing <= 0) return;
    const before = hugePages();
    const { most } = await companion.keep(before);
    // The system has started with fewer: the region says what that means.
    if (before + missing > most) return;
    const { count } = await companion.keep(before + missing);
    if (count >= before + missing) return;
    await companion.keep(before);
    throw this.#missing(before + missing, count);
  }

  /** As far as there are whole extents; throws one line where the system does not get them: then the
   *  region has them again. */
  async lend(bytes: number): Promise<void> {
    const { region } = this.#options;
    const { lent_bytes: before, page_bytes } = this.stats();
    if (page_bytes !== HUGE_PAGE_BYTES) return region.lend(bytes);
    if (this.#options.companion === null) throw unlendable();
    if (before === 0) this.#whole = hugePages();
    await region.lend(bytes);
    try {
      await this.#keepUnlent();
    } catch (error) {
      await this.takeBack(this.stats().lent_bytes - before).catch(() => undefined);
      throw error;
    }
  }

  /** Throws one line where the system has less: what is back by then stays. */
  async takeBack(bytes: number): Promise<void> {
    const { region } = this.#options;
    const { lent_bytes, page_bytes } = this.stats();
    if (page_bytes !== HUGE_PAGE_BYTES) return region.takeBack(bytes);
    // The kernel may have pages all the same.
    const fault = await this.#keepBut(lent_bytes - bytes).catch((error: unknown) => error);
    try {
      await region.takeBack(bytes);
    } catch (error) {
      await this.#keepUnlent().catch(() => undefined);
      throw fault ?? error;
    }
  }

  /** After the region has gone: the kernel keeps what it did before. */
  async end(): Promise<void> {
    if (this.#whole === null) return;
    await this.#keepBut(0);
    this.#whole = null;
  }

  #keepUnlent(): Promise<void> {
    return this.#keepBut(this.stats().lent_bytes);
  }

  async #keepBut(lentBytes: number): Promise<void> {
    const wanted = (this.#whole ?? hugePages()) - Math.max(0, lentBytes) / HUGE_PAGE_BYTES;
    const kept = await this.#options.companion?.keep(wanted);
    if (kept !== undefined && kept.count !== wanted) throw this.#missing(wanted, kept.count);
  }

  #missing(wanted: number, count: number): StillLent {
    const message =
      `lending: the kernel was to keep ${wanted} huge pages of 2 MiB and keeps ${count}; ` +
      'its memory is scattered or in use';
    return new StillLent(message, Math.max(0, wanted - count) * HUGE_PAGE_BYTES);
  }
}

function unlendable(): Error {
  return new Error(
    "lending: the region's reserved huge pages go back to the system through the kernel's counts of " +
      'them alone; set parking.lend.companion, or region.pages to ordinary, or parking.lend.mb to 0',
  );
}
