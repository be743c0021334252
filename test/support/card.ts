import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { Disk } from '../../app/first-boot/disk.ts';
import { FirstBoot, type Outcome } from '../../app/first-boot/first-boot.ts';
import type { Judge } from '../../app/first-boot/intake.ts';
import { placesBelow } from '../../app/first-boot/places.ts';

/** The power goes: nothing is written from here on. */
export class Cut extends Error {}

/** A board's folders below a temporary root. */
export class Card {
  readonly root = mkdtempSync(join(tmpdir(), 'edgepool-card-'));

  constructor(from?: Card) {
    after(() => this.remove());
    if (from !== undefined) {
      cpSync(from.root, this.root, { recursive: true, verbatimSymlinks: true });
      return;
    }
    for (const folder of ['boot/firmware', 'data/edgepool', 'run', 'usr/share/edgepool']) {
      mkdirSync(join(this.root, folder), { recursive: true });
    }
    this.write('usr/share/zoneinfo/Europe/Berlin', 'TZif2');
    this.write('usr/share/edgepool/edgepool.yaml', 'region: {lock: required}\n');
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.root, name);
  }

  write(name: string, bytes: string | Uint8Array): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), bytes);
  }

  /** The boot partition's file. */
  set settings(text: string | Uint8Array) {
    this.write('boot/firmware/edgepool.yaml', text);
  }

  get settings(): string {
    return this.read('boot/firmware/edgepool.yaml');
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** First boot, as at every start; the power goes before the call of that number. */
  start({ cutAt = 0, judge }: { cutAt?: number; judge?: Judge } = {}): Outcome {
    let calls = 0;
    const disk = new Disk(() => {
      calls++;
      if (cutAt > 0 && calls >= cutAt) throw new Cut();
    });
    const places = placesBelow(this.root);
    return new FirstBoot({ places, disk, judge: judge ?? (() => null) }).run();
  }
}
