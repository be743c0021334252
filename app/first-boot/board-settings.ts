import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Document } from 'yaml';
import type { Layer } from '../config/layer.ts';
import type { Access, Disk } from './disk.ts';
import type { Places } from './places.ts';
import { secretAt } from './secrets.ts';
import { type Wifi, wifiText } from './wifi.ts';

/** What of the boot file the board itself reads. */
interface BoardValues {
  wifi?: Wifi;
  time_zone?: string;
  host_name?: string;
  ssh_keys?: string[];
}

const ROOT_ONLY: Access = { mode: 0o600, owner: null };
const KEYS_HEADER = "# Written by first boot out of the boot partition's edgepool.yaml.\n";

/** Files that the system around the program reads: network, time zone, name, keys. */
export class BoardSettings {
  readonly #disk: Disk;
  readonly #places: Places;

  constructor(disk: Disk, places: Places) {
    this.#disk = disk;
    this.#places = places;
  }

  /** Judges, and returns what writes. Nothing may be written where there are faults. */
  prepare(layer: Layer, document: Document.Parsed): { faults: string[]; write(): void } {
    const values = layer.values as BoardValues;
    const faults: string[] = [];
    const { time_zone: zone } = values;
    if (zone !== undefined && !existsSync(join(this.#places.zones, zone))) {
      faults.push(`${layer.subject(['time_zone'])} ${zone} is not known; take Area/City`);
    }
    const wifi = this.#wifi(values, document);
    if (wifi === null) {
      const subject = layer.subject(['wifi', 'password']);
      faults.push(`${subject} has no value, and the board has taken none: write it`);
    }
    return { faults, write: () => this.#write(values, wifi ?? '') };
  }

  /** The text of the network's file, empty for none; null where a password is missing. */
  #wifi({ wifi }: BoardValues, document: Document.Parsed): string | null {
    if (wifi === undefined) return '';
    const before = existsSync(this.#wifiFile) ? readFileSync(this.#wifiFile, 'utf8') : '';
    return wifiText(wifi, secretAt(document, ['wifi', 'password']), before);
  }

  get #wifiFile(): string {
    return join(this.#places.data, 'network', 'wpa_supplicant.conf');
  }

  #write(values: BoardValues, wifi: string): void {
    const { data } = this.#places;
    const board = join(data, 'board');
    for (const folder of ['network', 'ssh']) {
      this.#disk.folder(join(data, folder), { mode: 0o700, owner: null });
    }
    this.#keep(this.#wifiFile, wifi, ROOT_ONLY);
    this.#zone(join(board, 'localtime'), values.time_zone);
    const name = values.host_name === undefined ? '' : `${values.host_name}\n`;
    this.#keep(join(board, 'host_name'), name, { mode: 0o644, owner: null });
    this.#keys(join(data, 'ssh', 'authorized_keys'), values.ssh_keys ?? []);
  }

  #zone(file: string, zone: string | undefined): void {
    if (zone === undefined) this.#disk.remove(file);
    else this.#disk.link(`/usr/share/zoneinfo/${zone}`, file);
  }

  /** Keys that somebody has put there by hand are theirs as long as the boot file names none. */
  #keys(file: string, keys: readonly string[]): void {
    const ours = existsSync(file) && readFileSync(file, 'utf8').startsWith(KEYS_HEADER);
    if (keys.length === 0 && !ours) return;
    const text = keys.length === 0 ? '' : `${KEYS_HEADER}${keys.join('\n')}\n`;
    this.#keep(file, text, ROOT_ONLY);
  }

  #keep(file: string, text: string, access: Access): void {
    if (text === '') this.#disk.remove(file);
    else this.#disk.replace(file, Buffer.from(text), access);
  }
}
