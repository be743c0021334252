import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** A folder of its own for a test file, removed afterwards. */
export function scratchFolder(): { path: string; write(name: string, text: string): string } {
  const path = mkdtempSync(join(tmpdir(), 'edgepool-test-'));
  after(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write(name, text) {
      const file = join(path, name);
      writeFileSync(file, text);
      return file;
    },
  };
}
