/** Tables of monospaced text, and shares as they stand in them. */

export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)}%`;

/**
 * @param toTheLeft so many of the first columns; the others are set to the right
 * @param underlined with a rule below the first line, as below a header
 */
export function alignColumns(
  lines: readonly (readonly string[])[],
  toTheLeft = 1,
  { underlined = false }: { readonly underlined?: boolean } = {},
): string {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const ruled = underlined
    ? lines.toSpliced(
        1,
        0,
        widths.map((width) => '-'.repeat(width)),
      )
    : lines;
  return ruled
    .map((line) =>
      line
        .map((cell, column) => (column < toTheLeft ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Indented, as it stands below a sentence; the first column to the left, the others to the right. */
export const textTable = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  alignColumns([header, ...rows]).replace(/^/gm, '  ');
