import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ROOT } from './root.ts';

/** A user of a server who has the rights that docs/parking.md gives him and no others: arguments for
 *  the server. */
export function documentedRights(user: string, password: string): string[] {
  const page = readFileSync(`${ROOT}docs/parking.md`, 'utf8');
  const [, rights] = new RegExp(`^user ${user} on >\\.\\.\\. (.+)$`, 'm').exec(page) ?? [];
  assert.ok(rights !== undefined, user);
  return ['--user', user, 'on', `>${password}`, ...rights.split(' ')];
}
