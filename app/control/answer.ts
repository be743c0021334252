/** What a command gives back: fields of its own, each with its unit in its name. */
export type Fields = Readonly<Record<string, unknown>>;

/** `error` is one line that says why and what to do. */
export type Answer = ({ ok: true } & Fields) | { ok: false; error: string };

const LONGEST_LINE = 600;

/** What was thrown, as one line of bounded length. */
export function refusal(thrown: unknown): Answer & { ok: false } {
  const message = thrown instanceof Error && thrown.message !== '' ? thrown.message : thrown;
  const line = String(message).replace(/\s*[\r\n]+\s*/g, '; ');
  const error = line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE - 3)}...` : line;
  return { ok: false, error };
}

/** As it may stand in a message: quoted, and not longer than is needed to know it again. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 64 ? `${text.slice(0, 60)}...` : text;
}
