import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

/** What a request says of itself. */
export interface Heading {
  host?: string | undefined;
  origin?: string | undefined;
  'sec-fetch-site'?: string | string[] | undefined;
  authorization?: string | undefined;
}

const LEAST_TOKEN = 16;

/** The token in the file. Throws one line that names the file. */
export function readToken(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`dashboard.token_file ${file}: cannot be read (${code}); name another file`);
  }
  if (text.length >= LEAST_TOKEN && /^[\x21-\x7e]+$/.test(text)) return text;
  throw new Error(
    `dashboard.token_file ${file}: holds no token; write at least ${LEAST_TOKEN} characters ` +
      'without spaces into it',
  );
}

/** Decides who may ask, and who may change. */
export class Gate {
  readonly #token: string | null;

  constructor(token: string | null) {
    this.#token = token;
  }

  /** Whether anybody may change anything. */
  get hasToken(): boolean {
    return this.#token !== null;
  }

  /** Why the request is refused; null: it is not. A page of another origin may neither read nor
   *  change, nor may one whose name was bent to this address. */
  refusal({ host, origin, ...rest }: Heading): string | null {
    const name = nameOf(host);
    if (name === null || !(isIP(name) !== 0 || isLocal(name))) {
      return 'asked by a name that is not of this machine; use its address';
    }
    if (origin !== undefined && origin !== `http://${host}`) return 'asked by another page';
    const site = rest['sec-fetch-site'];
    if (site !== undefined && !['same-origin', 'none'].includes(String(site))) {
      return 'asked by another page';
    }
    return null;
  }

  /** Why the request may not change anything; null: it may. */
  readOnly({ authorization }: Heading): string | null {
    if (this.#token === null) {
      return 'the page changes nothing: dashboard.token_file names no token';
    }
    const given = Buffer.from(authorization ?? '');
    const wanted = Buffer.from(`Bearer ${this.#token}`);
    const right = given.length === wanted.length && timingSafeEqual(given, wanted);
    return right ? null : 'the token is missing or wrong';
  }
}

/** Of a Host header, without port and brackets; null where there is none. */
function nameOf(host: string | undefined): string | null {
  const found = /^(?:\[([0-9a-f:]+)\]|([^:]+))(?::\d+)?$/i.exec(host ?? '');
  return found?.[1] ?? found?.[2] ?? null;
}

/** Names that no resolver of the internet answers for. */
const isLocal = (name: string): boolean =>
  name === 'localhost' || name.endsWith('.local') || !name.includes('.');
