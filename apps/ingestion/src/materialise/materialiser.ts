/**
 * Folds the activity topic into user states. The states of a batch and the partition's next mark are one commit, which
 * the store refuses unless its mark is the one that the batch began at: so a record counts once, whatever was
 * delivered again, and a consumer that lost its partition writes nothing.
 *
 * What is not folded (dead letters, records that belong elsewhere) is appended before the mark passes it. A crash in
 * between appends it again: dead letters may repeat, and rerouted events carry their id, by which states drop them. What is
 * appended at once is bounded, by folding fewer records at a time: so the mark passes each append before the next one.
 */
import { TOPICS } from '@watchnext/contract';
import type { EventLog, GroupHandler, LogRecord, RecordBatch } from '@watchnext/event-log';
import { MarkConflictError, type FeatureStore } from '@watchnext/feature-store';
import { type Logger, withRecordSpans } from '@watchnext/service';
import { cutBatch } from './cut-batch';
import type { Feedback } from './feedback';
import { newerFormatOf, PartitionFold } from './partition-fold';
import { Aside } from './put-aside';
import { sortRecords, type DeadRecord } from './sort-records';
import { Unfoldable } from './unfoldable';

/** The log no longer holds the records that a partition's states need next. Waiting does not help; rebuilding does. */
export class RetentionGapError extends Error {
  readonly code = 'retention-gap';

  constructor(partition: number, neededOffset: number, firstOffset: number) {
    super(
      `partition ${partition} needs the log from offset ${neededOffset}, but retention has deleted what lies before ` +
        `${firstOffset}: restore its states from the archive with "npm run rebuild -- --partition ${partition}"`,
    );
    this.name = 'RetentionGapError';
  }
}

/** Users whose states one commit writes: states have up to 60 KB, and Redis serves nobody else meanwhile. */
const COMMIT_USERS = 1_000;

export interface MaterialiserOptions {
  readonly partitionCount: number;
  /** States kept in memory, per partition. */
  readonly cachedUsersPerPartition: number;
  /** That is written; default: this version's. */
  readonly stateFormat?: number;
  readonly clock?: () => number;
  readonly onDeadLetters?: (letters: readonly DeadRecord[]) => void;
  /** After each commit. */
  readonly onFeedback?: (feedback: Feedback) => void;
}

export class Materialiser implements GroupHandler {
  private readonly views = new Map<number, PartitionFold>();
  private readonly unfoldable = new Unfoldable();

  constructor(
    private readonly log: EventLog,
    private readonly store: FeatureStore,
    private readonly logger: Logger,
    private readonly options: MaterialiserOptions,
  ) {}

  async resumeOffset(partition: number): Promise<number | undefined> {
    const mark = await this.store.readMark(partition);
    if (mark && mark.topic !== TOPICS.activity) {
      throw new Error(
        `partition ${partition} of the feature store was folded from ${mark.topic}, not ${TOPICS.activity}`,
      );
    }
    const { cachedUsersPerPartition: cachedUsers, stateFormat } = this.options;
    const newer = newerFormatOf(mark, stateFormat);
    if (newer !== undefined) throw new Error(`partition ${partition} of the feature store: ${newer}`);
    const bounds = (await this.log.bounds(TOPICS.activity)).find((each) => each.partition === partition);
    const needed = mark ? mark.offset + 1 : 0;
    if (bounds && needed < bounds.firstOffset) throw new RetentionGapError(partition, needed, bounds.firstOffset);
    // A view is forgotten whenever the log asks where to go on: states that a failed commit left half folded go with it.
    this.views.set(partition, new PartitionFold(this.store, partition, mark, cachedUsers, stateFormat));
    return mark && mark.offset + 1;
  }

  async onBatch({ partition, records, nextOffset, signal }: RecordBatch): Promise<void> {
    const view = this.views.get(partition);
    if (!view) throw new Error(`partition ${partition}: a batch without a view of it`);
    const pieces = cutBatch(records, COMMIT_USERS);
    for (const [i, piece] of pieces.entries()) {
      signal.throwIfAborted();
      // The mark passes what holds no records too: who waits for the end of the log would wait for ever.
      const next = pieces[i + 1]?.[0]?.offset ?? nextOffset;
      await withRecordSpans('materialise', piece, () => this.fold(view, partition, piece, next, signal));
    }
  }

  async onRevoked(partition: number): Promise<void> {
    this.views.delete(partition);
    this.unfoldable.forget(partition);
  }

  onError(err: Error, partition: number | undefined): void {
    const isRefusal = err instanceof MarkConflictError;
    this.logger[isRefusal ? 'info' : 'error']({ err, partition }, 'materialising goes on from the stored mark');
  }

  private async fold(
    view: PartitionFold,
    partition: number,
    records: readonly LogRecord[],
    nextOffset: number,
    signal: AbortSignal,
  ): Promise<void> {
    const sorted = sortRecords(records, this.options.partitionCount);
    const folded = await view.fold(sorted.toFold);
    const dead = [...sorted.dead, ...this.unfoldable.bury(partition, folded.failures)];
    const aside = new Aside({ ...sorted, dead }, (this.options.clock ?? Date.now)());
    if (!aside.isOneAppendEach && records.length > 1) {
      const middle = records.length >> 1;
      const second = records.slice(middle);
      await this.fold(view, partition, records.slice(0, middle), (second[0] as LogRecord).offset, signal);
      signal.throwIfAborted();
      return this.fold(view, partition, second, nextOffset, signal);
    }
    await this.putAside(aside);
    try {
      await view.commit(folded, nextOffset - 1);
      this.options.onFeedback?.(folded.feedback);
    } catch (error) {
      // Told here: a consumer that lost the partition meanwhile is not asked about what its last batch came to.
      if (error instanceof MarkConflictError) {
        const offsets = { expectedOffset: error.expected?.offset, storedOffset: error.actual?.offset };
        this.logger.warn(
          { partition, ...offsets },
          'commit refused: the stored mark is another one, nothing was written',
        );
      }
      throw error;
    }
  }

  private async putAside(aside: Aside): Promise<void> {
    await aside.append(this.log);
    const { sentOnCount, dead } = aside;
    if (sentOnCount > 0) {
      this.logger.warn({ recordCount: sentOnCount }, 'records found in a partition that is not their user’s: sent on');
    }
    if (dead.length === 0) return;
    this.options.onDeadLetters?.(dead);
    this.logger.warn(
      { recordCount: dead.length, firstCode: dead[0]?.code, firstError: dead[0]?.error },
      'dead letters',
    );
  }
}
