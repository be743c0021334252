import type { Fields } from '../control/answer.ts';
import { size, table } from '../drawing/text.ts';

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value as people read it, by the unit at the end of its name. */
function shown(key: string, value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (Array.isArray(value)) return value.map((each) => shown(key, each)).join(', ') || '-';
  if (isObject(value)) return JSON.stringify(value);
  if (typeof value !== 'number') return String(value);
  if (key.endsWith('_bytes')) return size(value);
  if (/(_ratio|_fragmentation|utilisation|headroom)$/.test(key)) {
    return `${(value * 100).toFixed(1)} %`;
  }
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

/** Every figure on a line of its own, its name with those of the objects it lies in. */
function lines(fields: Fields, prefix = ''): [string, string][] {
  return Object.entries(fields).flatMap(([key, value]): [string, string][] => {
    const name = `${prefix}${key}`;
    if (isObject(value)) return lines(value, `${name}.`);
    if (Array.isArray(value) && value.some(isObject)) {
      return value.flatMap((each, index) => lines(each as Fields, `${name}.${index + 1}.`));
    }
    return [[name, shown(key, value)]];
  });
}

const listed = (rows: readonly [string, string][]): string[] => {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
};

/** Some fields of each thing as a table's row. */
function rowsOf(things: unknown, columns: readonly (readonly [string, string])[]): string[] {
  const rows = (Array.isArray(things) ? things : [])
    .filter(isObject)
    .map((thing) => columns.map(([key]) => shown(key, thing[key])));
  return table([columns.map(([, title]) => title), ...rows]);
}

const POOL = [
  ['name', 'pool'],
  ['quota_bytes', 'quota'],
  ['mapped_bytes', 'mapped'],
  ['live_bytes', 'live'],
  ['peak_bytes', 'peak'],
  ['utilisation', 'used'],
  ['external_fragmentation', 'ext. frag.'],
] as const;
const MODEL = [
  ['name', 'model'],
  ['file', 'file'],
  ['delegate', 'delegate'],
  ['load_ms', 'load ms'],
  ['invokes', 'invokes'],
] as const;

/** What a command answered, for a terminal. */
export function commandText(command: string, fields: Fields): string {
  const rest = (...keys: string[]) =>
    Object.fromEntries(Object.entries(fields).filter(([key]) => !keys.includes(key)));
  const parts: Readonly<Record<string, () => string[]>> = {
    pools: () => [...rowsOf(fields.pools, POOL), '', ...listed(lines(rest('pools')))],
    models: () => [...rowsOf(fields.models, MODEL), '', ...listed(lines(rest('models')))],
  };
  return `${(parts[command]?.() ?? listed(lines(fields))).join('\n')}\n`;
}
