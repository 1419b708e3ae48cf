type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** @returns the longer column, beginning with what is in the shorter one */
export function grown<Kind extends Column>(column: Kind | undefined, longer: Kind): Kind {
  if (column) longer.set(column);
  return longer;
}
