/**
 * What becomes of events that cannot be folded. A failure stops the partition at first, with an error that says where: it may be this
 * process's, or pass. One that comes again is the data's, and a twelfth of all viewers shall not wait for one: its event becomes a dead
 * letter. But where many users are hit the program is to blame, or the store, and then waiting loses nothing.
 */
import { createHash } from 'node:crypto';
import type { FoldFailure } from './fold-user';
import type { DeadRecord } from './sort-records';

/** So often something fails before it is given up: seconds, by the log's back-off. */
const ATTEMPTS = 3;
/** Of a partition, for as long as this process holds it. */
const MOST_USERS = 10;

/** An event that does not fold, or a state that cannot be read. The user is told as the beginning of the id's SHA-256. */
export class FoldError extends Error {
  constructor(partition: number, { code, userId, record, cause }: FoldFailure, why = '') {
    const user = createHash('sha256').update(userId).digest('hex').slice(0, 16);
    super(`${code}: partition ${partition}, offset ${record.offset}, user ${user}: ${cause.message}${why}`, { cause });
    this.name = 'FoldError';
  }
}

interface PartitionFailures {
  /** By what fails, until it is given up: an event by its offset, a state by its user. */
  readonly attempts: Map<string, number>;
  /** Of whom something was given up. What fails of them next need not stop the partition three times more. */
  readonly users: Set<string>;
}

export class Unfoldable {
  private readonly partitions = new Map<number, PartitionFailures>();

  /**
   * @param failures of one attempt
   * @returns dead letters of all of them
   * @throws FoldError while one has not failed often enough, or where too many users are hit
   */
  bury(partition: number, failures: readonly FoldFailure[]): DeadRecord[] {
    if (failures.length === 0) return [];
    const { attempts, users } = this.failuresOf(partition);
    const unknown = failures.filter(({ userId }) => !users.has(userId));
    const subjects = new Set(unknown.map(subjectOf));
    for (const subject of subjects) attempts.set(subject, (attempts.get(subject) ?? 0) + 1);
    const early = unknown.find((failure) => (attempts.get(subjectOf(failure)) ?? 0) < ATTEMPTS);
    if (early) throw new FoldError(partition, early);
    const hit = new Set(users);
    for (const failure of failures) {
      if (hit.add(failure.userId).size > MOST_USERS)
        throw new FoldError(partition, failure, ` (after ${MOST_USERS} users of this partition that it was so with)`);
    }
    for (const userId of hit) users.add(userId);
    for (const subject of subjects) attempts.delete(subject);
    return failures.map(({ code, record, cause }) => ({ record, code, error: cause.message }));
  }

  forget(partition: number): void {
    this.partitions.delete(partition);
  }

  private failuresOf(partition: number): PartitionFailures {
    let known = this.partitions.get(partition);
    if (!known) this.partitions.set(partition, (known = { attempts: new Map(), users: new Set() }));
    return known;
  }
}

const subjectOf = ({ code, userId, record }: FoldFailure) =>
  code === 'state-unreadable' ? `user ${userId}` : `offset ${record.offset}`;
