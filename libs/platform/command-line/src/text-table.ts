/** Tables of monospaced text, and shares as they stand in them. */

export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)}%`;

/** @param toTheLeft so many of the first columns; the others are set to the right */
export function alignColumns(lines: readonly (readonly string[])[], toTheLeft = 1): string {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
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
