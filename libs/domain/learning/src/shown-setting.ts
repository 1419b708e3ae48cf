/** A setting's value in the words of an error: NaN and Infinity as such, which JSON writes as null, and a text in its quotes. */
export const shownSetting = (value: unknown): string =>
  typeof value === 'number' ? String(value) : JSON.stringify(value);
