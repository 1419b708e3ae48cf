/** The numbers as a row, in the order of their names. */
export function inOrder<Name extends string>(names: readonly Name[], numbers: Record<Name, number>): Float64Array {
  const ordered = new Float64Array(names.length);
  for (let i = 0; i < names.length; i++) ordered[i] = numbers[names[i]];
  return ordered;
}

/** Where each name stands. */
export function placesOf<Name extends string>(names: readonly Name[]): Readonly<Record<Name, number>> {
  return Object.fromEntries(names.map((name, place) => [name, place])) as Record<Name, number>;
}
