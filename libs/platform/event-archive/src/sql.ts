/** Text to put into SQL where DuckDB takes no parameters. */

export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The path of one file for read_parquet, which takes *, ? and [ for patterns. */
export function sqlReadPath(path: string): string {
  return sqlText(path.replace(/[*?[]/g, '[$&]'));
}
