/** Rows left out of an import: all are counted, the first of each file are kept with line and reason. */
export interface BadRow {
  readonly file: string;
  /** Counted from 1, the header included, as editors do. */
  readonly line: number;
  readonly reason: string;
}

export class BadRows {
  private readonly counts = new Map<string, number>();
  private readonly kept: BadRow[] = [];

  /** @param keepPerFile how many rows of each file are named */
  constructor(private readonly keepPerFile = 5) {}

  add(file: string, line: number, reason: string): void {
    const count = (this.counts.get(file) ?? 0) + 1;
    this.counts.set(file, count);
    if (count <= this.keepPerFile) this.kept.push({ file, line, reason });
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  get first(): readonly BadRow[] {
    return this.kept;
  }

  /** Empty when there are none. */
  describe(): string {
    return [...this.counts]
      .map(([file, count]) => {
        const named = this.kept.filter((row) => row.file === file).map((row) => `  line ${row.line}: ${row.reason}`);
        const rest = count > named.length ? [`  and ${count - named.length} more`] : [];
        return [`${file}: ${count} ${count === 1 ? 'row' : 'rows'} left out`, ...named, ...rest].join('\n');
      })
      .join('\n');
  }
}
