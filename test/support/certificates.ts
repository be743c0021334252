import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files in PEM. */
export interface Pair {
  certificate: string;
  key: string;
}

/** An authority that a test makes, in a folder, with whoever it vouches for. */
export class Authority {
  readonly #folder: string;
  readonly pair: Pair;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.pair = this.#files(name);
    const { certificate, key } = this.pair;
    openssl(['req', '-x509', ...NEW_KEY, key, '-subj', `/CN=${name}`, '-out', certificate]);
  }

  /** A certificate for a name, which may be an address. Of negative days: one that has expired. */
  issue(name: string, host: string, days = 30): Pair {
    const pair = this.#files(name);
    const request = join(this.#folder, `${name}.request`);
    const extensions = join(this.#folder, `${name}.extensions`);
    const kind = /^[\d.]+$/.test(host) ? 'IP' : 'DNS';
    writeFileSync(extensions, `subjectAltName=${kind}:${host}\n`);
    openssl(['req', ...NEW_KEY, pair.key, '-subj', `/CN=${name}`, '-out', request]);
    const by = ['-CA', this.pair.certificate, '-CAkey', this.pair.key, '-CAcreateserial'];
    const out = ['-days', `${days}`, '-extfile', extensions, '-out', pair.certificate];
    openssl(['x509', '-req', '-in', request, ...by, ...out]);
    return pair;
  }

  #files(name: string): Pair {
    return {
      certificate: join(this.#folder, `${name}.crt`),
      key: join(this.#folder, `${name}.key`),
    };
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout'];

function openssl(words: readonly string[]): void {
  execFileSync('openssl', words, { stdio: 'pipe', timeout: 20_000 });
}
