import { readFile } from 'node:fs/promises';

/** One label a line, in order of class. Blank lines at the end are none. */
export async function loadLabels(file: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `cannot read the labels ${file} (${code}): name a text file of one label a line`,
    );
  }
  return text
    .replace(/^\uFEFF/, '')
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.trim());
}

/** A class without a label is `class N`. */
export function labelOf(labels: readonly string[], index: number): string {
  return labels[index] || `class ${index}`;
}
