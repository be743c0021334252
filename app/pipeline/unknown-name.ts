/** Thrown where a model or source is named that does not run. */
export class UnknownName extends Error {
  override readonly name = 'UnknownName';

  constructor(kind: 'model' | 'source', name: string, known: readonly string[]) {
    const there = known.length > 0 ? `there are: ${known.join(', ')}` : 'there is none';
    super(`no ${kind} has the name ${name}; ${there}`);
  }
}

/** The one of that name. Throws UnknownName. */
export function findNamed<T>(
  kind: 'model' | 'source',
  name: string,
  all: readonly T[],
  nameOf: (each: T) => string,
): T {
  const found = all.find((each) => nameOf(each) === name);
  if (found === undefined) throw new UnknownName(kind, name, all.map(nameOf));
  return found;
}
