import { Delegate, type DelegateName } from '../native/constants.ts';

const NAMES = new Map<number, DelegateName>(
  Object.entries(Delegate).map(([name, value]) => [value, name as DelegateName]),
);

/** What runs a model, and what the runtime refused on the way: `xnnpack (qu8 refused)`. */
export function delegateName(got: number, tried: number): string {
  const name = NAMES.get(got) ?? 'none';
  if (got === tried) {
    return name;
  }
  const kept = name.split('+');
  const refused = (NAMES.get(tried) ?? 'none').split('+').filter((part) => !kept.includes(part));
  return refused.length === 0 ? name : `${name} (${refused.join('+')} refused)`;
}
