import type { Staging } from '../staging/staging';
import { BadCell } from './cells';
import { counted } from './words';

/** Cells that a row can do without and that make no sense: they count as not told, and of each column the first is named. */
export class OddCells {
  private readonly columns = new Map<string, { count: number; readonly first: string }>();

  /** @param file as messages name it */
  constructor(private readonly file: string) {}

  /** @returns what `read` does, or `otherwise` of a cell that it finds bad */
  take<Value>(column: string | undefined, line: number, otherwise: Value, read: () => Value): Value {
    if (column === undefined) return otherwise;
    try {
      return read();
    } catch (error) {
      if (!(error instanceof BadCell)) throw error;
      const known = this.columns.get(column);
      if (known === undefined) this.columns.set(column, { count: 1, first: `line ${line}: ${error.message}` });
      else known.count++;
      return otherwise;
    }
  }

  noteIn(staging: Staging): void {
    for (const { count, first } of this.columns.values()) {
      staging.note(`${this.file}: ${counted(count, 'cell')} taken as not told, ${first}`);
    }
  }
}
