import { join } from 'node:path';
import { Thread } from '@watchnext/threads';
import type { PackedRecords } from './packed-records';
import type { WriteCall, WriteHandlers } from './write-program';

/** Compiled also where the library runs from its sources, as in specs: build first. */
const PROGRAM = join(__dirname, '..', '..', 'dist', 'embedded', 'write-program.js');

type Write = { -readonly [Part in keyof WriteCall]: WriteCall[Part][number][] };

interface Waiting {
  readonly write: Write;
  readonly committed: Promise<Float64Array[]>;
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

  /** @returns the offset of each record, once it is on the disk; what fails, fails whole */
  async append(records: PackedRecords): Promise<Float64Array> {
    const { write, committed } = this.next();
    const place = write.appends.push(records) - 1;
    return (await committed)[place]!;
  }

  async heartbeat(key: (string | number)[], atMs: number): Promise<void> {
    const { write, committed } = this.next();
    write.heartbeats.push({ key, atMs });
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
    const write: Write = { appends: [], heartbeats: [] };
    const committed = this.underWay.then(async () => {
      this.waiting = undefined;
      return (await this.started()).call('write', write);
    });
    this.underWay = committed.catch(() => undefined);
    return (this.waiting = { write, committed });
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
