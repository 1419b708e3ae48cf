/** Saves one file of a system. Files never change, so one of the same name with other bytes is damaged, there or here. */
import type { EarlierBackup } from './earlier-backup';
import type { FileTree } from './file-tree';
import { type BackedUpFile, DamagedFileError } from './manifest';
import { backedUpName, type Part } from './moved-on';
import { type Copier, fetchVerified } from './verified-copies';

export class FileSaver {
  /** Of the backup, so far. */
  readonly files: BackedUpFile[] = [];
  /** What of the system could not be saved as it is, for a person to mend. */
  readonly faults: string[] = [];

  constructor(
    private readonly earlier: EarlierBackup,
    private readonly target: FileTree,
    private readonly copier: Copier,
    private readonly work: string,
  ) {}

  /** @throws BackupError for a damaged file of the place that is no better in the system */
  async save(part: Part): Promise<void> {
    const { tree, name, sizeBytes } = part;
    const before = this.earlier.file(backedUpName(part));
    if (before?.sizeBytes !== sizeBytes) return this.copyNew(part, before);
    if (!(await this.earlier.has(before))) {
      const path = await fetchVerified(tree, { ...before, name }, this.work);
      await this.copier.place(path, this.target, before.name, before);
    }
    this.files.push(before);
  }

  private async copyNew(part: Part, before: BackedUpFile | undefined): Promise<void> {
    try {
      this.files.push(await this.copier.copy(part.tree, part.name, this.target, backedUpName(part)));
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      // The only sound copy may be the one that lies there.
      const isKept = before !== undefined && (await this.earlier.has(before));
      if (isKept) this.files.push(before);
      this.faults.push(`${error.message}; ${isKept ? 'the backup keeps its earlier copy' : 'it is not in the backup'}`);
    }
  }
}
