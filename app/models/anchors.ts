import { readFile } from 'node:fs/promises';

/**
 * Anchors of a detector, one a line: middle y, middle x, height and width in shares of the input,
 * with commas or blanks between them. Empty lines and lines that begin with # are none.
 */
export async function loadAnchors(file: string): Promise<Float32Array> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`cannot read the anchors ${file} (${code}): name a text file of one a line`);
  }
  const rows: number[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    const words = line.trim();
    if (words === '' || words.startsWith('#')) return;
    const numbers = words.split(/[\s,]+/).map(Number);
    if (numbers.length !== 4 || !numbers.every(Number.isFinite)) {
      throw new Error(`${file}, line ${index + 1}: an anchor is four numbers, y x height width`);
    }
    rows.push(...numbers);
  });
  return Float32Array.from(rows);
}
