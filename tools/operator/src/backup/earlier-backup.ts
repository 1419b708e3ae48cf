/** What the place of a backup has already. */
import { BACKUP_MANIFEST } from '@watchnext/object-store';
import type { FileTree } from './file-tree';
import { type BackedUpFile, readManifest } from './manifest';
import { isSound } from './verified-copies';

export class EarlierBackup {
  private readonly soundByName = new Map<string, Promise<boolean>>();

  private constructor(
    private readonly target: FileTree,
    private readonly work: string,
    private readonly verify: boolean,
    private readonly sizes: ReadonlyMap<string, number>,
    private readonly files: ReadonlyMap<string, BackedUpFile>,
  ) {}

  /** @throws BackupError for one that this program cannot read */
  static async read(target: FileTree, work: string, verify: boolean): Promise<EarlierBackup> {
    const sizes = new Map((await target.list()).map((file) => [file.name, file.sizeBytes]));
    const manifest = sizes.has(BACKUP_MANIFEST) ? await readManifest(target, work) : undefined;
    return new EarlierBackup(target, work, verify, sizes, new Map(manifest?.files.map((file) => [file.name, file])));
  }

  /** As its manifest has it. */
  file(name: string): BackedUpFile | undefined {
    return this.files.get(name);
  }

  /** All of them. */
  list(): readonly BackedUpFile[] {
    return [...this.files.values()];
  }

  /** Whether the file is still there, and sound where that is looked at. */
  async has(file: BackedUpFile): Promise<boolean> {
    if (this.sizes.get(file.name) !== file.sizeBytes) return false;
    if (!this.verify) return true;
    // A snapshot with one damaged file is exported whole: its other files are asked for twice.
    const sound = this.soundByName.get(file.name) ?? isSound(this.target, file, this.work);
    this.soundByName.set(file.name, sound);
    return sound;
  }

  /** All files below a prefix; undefined where there is none, or one is missing. */
  async wholeFolder(prefix: string): Promise<readonly BackedUpFile[] | undefined> {
    const members = [...this.files.values()].filter((file) => file.name.startsWith(prefix));
    for (const file of members) if (!(await this.has(file))) return undefined;
    return members.length > 0 ? members : undefined;
  }
}
