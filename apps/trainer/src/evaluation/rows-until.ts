/**
 * What was held out up to a moment; all of it where there is none by then, as in a log whose impressions end before its watches
 * of the last days begin: those are the only ones that there are.
 */
export function rowsUntil<Row>(rows: readonly Row[], untilMs: number, atMsOf: (row: Row) => number): readonly Row[] {
  const until = rows.filter((row) => atMsOf(row) <= untilMs);
  return until.length > 0 ? until : rows;
}
