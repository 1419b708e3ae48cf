import { join } from 'node:path';
import { Thread } from '@watchnext/threads';
import type { PackedRecords } from './packed-records';
import type { WriteCall, WriteHandlers } from './write-program';

/** Compiled also where the library runs from its sources, as in specs: build first. */
const PROGRAM = join(__dirname, '..', '..', 'dist', 'embedded', 'write-program.js');

interface WaitingAppend {
  readonly records: PackedRecords;
  readonly signal: AbortSignal | undefined;
}

interface Waiting {
  readonly appends: WaitingAppend[];
  readonly heartbeats: WriteCall['heartbeats'][number][];
  /** The offsets of each append that was not dropped. */
  readonly committed: Promise<ReadonlyMap<WaitingAppend, Float64Array>>;
}

/**
 * Commits on a thread of its own, which begins with the first of them. What comes in while one commit waits for the disk goes
 * into the next one together.
 */
export class WriteThread {
  private thread: Promise<Thread<WriteHandlers>> | undefined;
  private underWay: Promise<unknown> = Promise.resolve();
  private waiting: Waiting | undefined;

  constructor(private readonly directory: string) {}

  /**
   * @param signal where it is aborted before the commit begins, nothing is written
   * @returns the offset of each record, once it is on the disk; what fails, fails whole
   * @throws the signal's reason
   */
  async append(records: PackedRecords, signal?: AbortSignal): Promise<Float64Array> {
    const { appends, committed } = this.next();
    const append = { records, signal };
    appends.push(append);
    const offsets = (await committed).get(append);
    if (!offsets) throw signal!.reason;
    return offsets;
  }

  async heartbeat(key: (string | number)[], atMs: number): Promise<void> {
    const { heartbeats, committed } = this.next();
    heartbeats.push({ key, atMs });
    await committed;
  }

  /** After what was asked for before. */
  async close(): Promise<void> {
    await this.underWay;
    const thread = await this.thread?.catch(() => undefined);
    this.thread = undefined;
    // One that was lost holds nothing open any more.
    await thread?.call('close', undefined).catch(() => undefined);
    await thread?.close();
  }

  /** What the next commit takes along. */
  private next(): Waiting {
    if (this.waiting) return this.waiting;
    const appends: WaitingAppend[] = [];
    const heartbeats: Waiting['heartbeats'] = [];
    const committed = this.underWay.then(async () => {
      this.waiting = undefined;
      const thread = await this.started();
      // Looked at as late as can be: a thread takes its time to begin.
      const wanted = appends.filter(({ signal }) => !signal?.aborted);
      if (wanted.length + heartbeats.length === 0) return new Map<WaitingAppend, Float64Array>();
      const offsets = await thread.call('write', { appends: wanted.map(({ records }) => records), heartbeats });
      return new Map(wanted.map((append, place) => [append, offsets[place]!]));
    });
    this.underWay = committed.catch(() => undefined);
    return (this.waiting = { appends, heartbeats, committed });
  }

  private started(): Promise<Thread<WriteHandlers>> {
    this.thread ??= this.start();
    return this.thread;
  }

  private async start(): Promise<Thread<WriteHandlers>> {
    // One that ended by itself is replaced by the next commit; what it was asked for fails, and may be repeated.
    const thread = new Thread<WriteHandlers>(PROGRAM, () => (this.thread = undefined));
    try {
      await thread.call('open', { directory: this.directory });
      return thread;
    } catch (error) {
      this.thread = undefined;
      await thread.close();
      throw error;
    }
  }
}
