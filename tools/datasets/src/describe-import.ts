import type { ImportToArchiveResult } from './import-to-archive';

/** For people, after an import: how it took the files, what it left out of them, and what was refused. Nothing where there is nothing to say. */
export function describeImport({
  summary,
  badRows,
  rejected,
}: Pick<ImportToArchiveResult, 'summary' | 'badRows' | 'rejected'>): string[] {
  const refused = `${rejected.count} events were refused, as:\n${rejected.first.map((reason) => `  ${reason}`).join('\n')}`;
  return [
    ...summary.notes,
    ...(badRows.total > 0 ? [badRows.describe()] : []),
    ...(rejected.count > 0 ? [refused] : []),
  ];
}
