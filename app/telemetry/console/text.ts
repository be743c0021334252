const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** Characters that take two columns: East Asian wide ones and most emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const ZERO = /\p{Mark}|\p{Control}|\p{Format}/u;

function columnsOf(character: string): number {
  if (ZERO.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** The columns that a text takes on a terminal; colours take none. */
export function width(text: string): number {
  return [...text.replace(ESCAPES, '')].reduce((sum, character) => sum + columnsOf(character), 0);
}

/** Text from a file, fit for a terminal: nothing in it can move the cursor. */
export function plain(text: string): string {
  return text.replace(/\p{Control}/gu, ' ');
}

/** The text in at most so many columns, without colours; what was cut is an ellipsis. */
export function fit(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let kept = '';
  for (const character of text) {
    if (width(kept) + columnsOf(character) > columns - 1) break;
    kept += character;
  }
  return columns > 0 ? `${kept}…` : '';
}

export function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

/** For colours: a terminal that has them, and a user who wants them (no-color.org). */
export function wantsColour(environment: NodeJS.ProcessEnv): boolean {
  return !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
}
