/** Rows left out of an import: all are counted, the first of each file are kept with line and reason. */
export interface BadRow {
  readonly file: string;
  /** Counted from 1, the header included, as editors do; in a Parquet file the row. */
  readonly line: number;
  readonly reason: string;
}

/** How many rows of each file are named. */
const KEPT_PER_FILE = 5;

export class BadRows {
  private readonly counts = new Map<string, number>();
  private readonly kept: BadRow[] = [];

  constructor(private readonly keepPerFile = KEPT_PER_FILE) {}

  add(file: string, line: number, reason: string): void {
    this.addMany(file, 1, [{ line, reason }]);
  }

  /** @param rows at least the first ones of the `count` rows */
  addMany(file: string, count: number, rows: readonly { readonly line: number; readonly reason: string }[]): void {
    const before = this.counts.get(file) ?? 0;
    this.counts.set(file, before + count);
    for (const { line, reason } of rows.slice(0, Math.max(0, this.keepPerFile - before)))
      this.kept.push({ file, line, reason });
  }

  /** For `addJson`. */
  toJson(): string {
    return JSON.stringify({ counts: [...this.counts], kept: this.kept });
  }

  /** Adds what another one, that of a process that was cut off, had collected. */
  addJson(json: string): void {
    const { counts, kept } = JSON.parse(json) as { counts: [string, number][]; kept: BadRow[] };
    for (const [file, count] of counts)
      this.addMany(
        file,
        count,
        kept.filter((row) => row.file === file),
      );
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** By file, and line. */
  get first(): readonly BadRow[] {
    const files = [...this.counts.keys()];
    return this.kept.toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line);
  }

  /** Empty when there are none. */
  describe(): string {
    return [...this.counts]
      .map(([file, count]) => {
        const named = this.first.filter((row) => row.file === file).map((row) => `  line ${row.line}: ${row.reason}`);
        const rest = count > named.length ? [`  and ${count - named.length} more`] : [];
        return [`${file}: ${count} ${count === 1 ? 'row' : 'rows'} left out`, ...named, ...rest].join('\n');
      })
      .join('\n');
  }
}
