/**
 * What the collector refuses as too old, kept on the disk instead of lost: after an outage of more than a day that is most of
 * what waited in the spool. It lies in a spool of its own, and goes out again as a backfill, which may be of any age, once
 * somebody says so (replay-too-old.ts): what of it was taken before, its answer lost, counts twice then.
 */
import { join } from 'node:path';
import { type ProducerClientError, SpoolFullError, TooOldEventsError, TooOldFullError } from './errors';
import { Spool } from './spool';

export const tooOldFolder = (spoolDirectory: string): string => join(spoolDirectory, 'too-old');

/** Open from the first event on. */
export class TooOldEvents {
  keptCount = 0;
  /** Had no room. */
  lostCount = 0;
  private spool: Spool | undefined;

  constructor(
    private readonly spoolDirectory: string,
    private readonly limitBytes: number,
    /** Told of the first event, of damage, and of the first that has no room. */
    private readonly report: (error: ProducerClientError) => void,
  ) {}

  /** On the disk once it resolves; what has no room is left out, as events of today may not wait for it. @throws SpoolInUseError, SpoolError */
  async keep(records: readonly Uint8Array[]): Promise<void> {
    if (records.length === 0) return;
    const directory = tooOldFolder(this.spoolDirectory);
    this.spool ??= await Spool.open({ directory, limitBytes: this.limitBytes, onDamaged: this.report });
    try {
      await this.spool.append(records);
    } catch (error) {
      if (!(error instanceof SpoolFullError)) throw error;
      if (this.lostCount === 0) this.report(new TooOldFullError(directory, this.limitBytes));
      this.lostCount += records.length;
      return;
    }
    if (this.keptCount === 0) this.report(new TooOldEventsError(directory));
    this.keptCount += records.length;
  }

  async close(): Promise<void> {
    await this.spool?.close();
  }
}
