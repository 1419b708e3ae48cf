/** An archive's storage whose every step waits for its turn, so that processes can be interleaved, and killed, at each of them. */
import type { ArchiveFile, ArchivePlace } from '../../src/archive-files';
import type { FilePart } from '../../src/read-plan';
import type { ArchiveStorage, LocalParts } from '../../src/storage';

/** Called before each step of a process, and again after a file has come into its place. What it throws, the process meets. */
export type Gate = (step: string) => Promise<void>;

export class SteppedStorage implements ArchiveStorage {
  readonly localLimitBytes: number | undefined;

  constructor(
    private readonly storage: ArchiveStorage,
    private readonly gate: Gate,
  ) {
    this.localLimitBytes = storage.localLimitBytes;
  }

  describe(topic: string, place?: ArchivePlace): string {
    return this.storage.describe(topic, place);
  }

  async listDays(topic: string): Promise<string[]> {
    await this.gate('list the days');
    return this.storage.listDays(topic);
  }

  async listDayFiles(topic: string, day: string, partition?: number): Promise<ArchiveFile[]> {
    await this.gate(`list ${day}`);
    return this.storage.listDayFiles(topic, day, partition);
  }

  async listFiles(topic: string, fromDay?: string): Promise<ArchiveFile[]> {
    await this.gate('list all');
    return this.storage.listFiles(topic, fromDay);
  }

  async place(topic: string, place: ArchivePlace, write: (path: string) => Promise<void>): Promise<string> {
    const name = `${place.firstOffset} to ${place.lastOffset}`;
    const checksum = await this.storage.place(topic, place, async (path) => {
      await write(path);
      await this.gate(`place ${name}`);
    });
    await this.gate(`placed ${name}`);
    return checksum;
  }

  async fetch(parts: readonly FilePart[], verify: boolean): Promise<LocalParts> {
    await this.gate('fetch');
    return this.storage.fetch(parts, verify);
  }

  sizeOf(file: ArchiveFile): Promise<number> {
    return this.storage.sizeOf(file);
  }

  placedAtMs(file: ArchiveFile): Promise<number | undefined> {
    return this.storage.placedAtMs(file);
  }

  async remove(topic: string, file: ArchiveFile): Promise<void> {
    await this.gate(`remove ${file.firstOffset} to ${file.lastOffset}`);
    await this.storage.remove(topic, file);
  }

  close(): void {
    this.storage.close();
  }
}
