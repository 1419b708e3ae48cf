/** How far the reading of files is: rows so far, and how many there will be if the rest is like what was read. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';

export class ReadingProgress {
  private earlierRows = 0;
  private earlierBytes = 0;
  private current = { file: '', rows: 0, bytes: 0 };

  private constructor(private readonly sizes: ReadonlyMap<string, number>) {}

  /** @param files all that will be read */
  static async of(files: readonly string[]): Promise<ReadingProgress> {
    const sizes = new Map<string, number>();
    for (const file of files) sizes.set(basename(file), (await stat(file)).size);
    return new ReadingProgress(sizes);
  }

  /** @param bytes of the file so far; 0 where they are not known */
  note(file: string, rows: number, bytes = 0): void {
    if (file !== this.current.file) {
      this.earlierRows += this.current.rows;
      this.earlierBytes += this.sizes.get(this.current.file) ?? 0;
    }
    this.current = { file, rows, bytes };
  }

  get rows(): number {
    return this.earlierRows + this.current.rows;
  }

  /** By the rows of the bytes so far; 0 where nothing is known. */
  get totalRows(): number {
    const { rows, bytes } = this.current;
    if (bytes === 0 || rows === 0) return 0;
    const size = Math.max(bytes, this.sizes.get(this.current.file) ?? 0);
    const all = [...this.sizes.values()].reduce((sum, one) => sum + one, 0);
    // The files to come are taken to be like this one.
    const left = Math.max(0, all - this.earlierBytes - bytes, size - bytes);
    return this.rows + Math.round((rows / bytes) * left);
  }
}
