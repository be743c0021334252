import { type Document, isScalar } from 'yaml';

/** What must not stay on a partition that any computer reads. */
export const SECRETS = [
  ['mqtt', 'password'],
  ['wifi', 'password'],
  ['dashboard', 'token'],
] as const;

export type SecretPath = (typeof SECRETS)[number];

/**
 * A secret as the file has it. kept: it has no value there (`~`), which means the one that the board
 * took earlier.
 */
export type Secret = { state: 'absent' } | { state: 'kept' } | { state: 'given'; value: string };

export function secretAt(document: Document.Parsed, path: SecretPath): Secret {
  if (!document.hasIn(path)) return { state: 'absent' };
  const value: unknown = document.getIn(path);
  return typeof value === 'string' ? { state: 'given', value } : { state: 'kept' };
}

/**
 * The same bytes with `~` and blanks where a secret stood, quotes included: of the same length, so
 * that they can be written over the old ones. Null where there is none to wipe.
 */
export function withoutSecrets(bytes: Buffer, document: Document.Parsed): Buffer | null {
  const text = bytes.toString('utf8');
  let wiped: Buffer | null = null;
  for (const path of SECRETS) {
    const node = document.getIn(path, true);
    if (!isScalar(node) || typeof node.value !== 'string' || !node.range) continue;
    const [start, end] = node.range;
    const at = Buffer.byteLength(text.slice(0, start));
    const length = Buffer.byteLength(text.slice(start, end));
    wiped ??= Buffer.from(bytes);
    for (let index = at; index < at + length; index++) {
      const byte = wiped[index];
      // A secret over several lines leaves its lines.
      if (byte !== 0x0a && byte !== 0x0d) wiped[index] = index === at ? 0x7e : 0x20;
    }
  }
  return wiped;
}
