/**
 * What is appended to the log instead of being folded: records that belong elsewhere, and dead letters. What the log will
 * never take as it is becomes a letter of less: a partition may wait for what can come right, and not for that.
 */
import { createHash } from 'node:crypto';
import { DeadLetter, Event, TOPICS } from '@watchnext/contract';
import {
  appendFitting,
  type EventLog,
  type LogRecord,
  MAX_TIMESTAMP_AHEAD_MS,
  type NewRecord,
  slicesOf,
} from '@watchnext/event-log';
import type { EventToFold } from './fold-user';
import type { DeadRecord, SortedRecords } from './sort-records';

/** Of a cut letter: brokers take far more, and it is enough to see what was sent and by whom. */
const CUT_VALUE_BYTES = 32_768;
const CUT_TEXT_CHARACTERS = 1_000;
/** Less than the log's bound: the broker's clock may be behind this one. */
const MOST_AHEAD_MS = MAX_TIMESTAMP_AHEAD_MS - 300_000;

interface Reroute extends NewRecord {
  readonly record: LogRecord;
}

interface LetterRecord extends NewRecord {
  readonly dead: DeadRecord;
}

export class Aside {
  /** Every record that is buried by `append`. */
  readonly dead: DeadRecord[];
  /** Records that `append` has sent to their partition. */
  sentOnCount = 0;
  private readonly reroutes: readonly Reroute[];
  private readonly letters: readonly LetterRecord[];

  constructor(
    { dead, toReroute }: SortedRecords,
    private readonly diedAtMs: number,
  ) {
    this.dead = [...dead];
    this.reroutes = toReroute.map((entry) => rerouteOf(entry, diedAtMs + MOST_AHEAD_MS));
    this.letters = dead.map((entry) => this.letterOf(entry));
  }

  get isOneAppendEach(): boolean {
    return slicesOf(this.reroutes).length <= 1 && slicesOf(this.letters).length <= 1;
  }

  /** @throws what the log throws, unless that is about the size of a record */
  async append(log: EventLog): Promise<void> {
    const tooLarge = await appendFitting(log, TOPICS.activity, this.reroutes);
    this.sentOnCount = this.reroutes.length - tooLarge.length;
    const buried = tooLarge.map(({ record }): DeadRecord => {
      return {
        record,
        code: 'too-large',
        error: 'the log does not take the record again, to send it to its partition',
      };
    });
    this.dead.push(...buried);
    const letters = [...this.letters, ...buried.map((entry) => this.letterOf(entry))];
    const toCut = await appendFitting(log, TOPICS.deadLetters, letters);
    // Where not even these fit, the topic's limit is to blame, and waiting for that is right.
    if (toCut.length > 0)
      await log.append(
        TOPICS.deadLetters,
        toCut.map(({ dead }) => this.cutLetterOf(dead)),
      );
  }

  private letterOf(dead: DeadRecord): LetterRecord {
    const { record, code, error } = dead;
    const { topic, partition, offset, key, value } = record;
    const letter: DeadLetter = {
      ...{ topic, partition, offset, code, error, deadAtMs: this.diedAtMs },
      ...{ key: Buffer.from(key), value: Buffer.from(value) },
      ...{ cutFromBytes: 0, wholeSha256: Buffer.alloc(0) },
    };
    return { key, value: DeadLetter.encode(letter).finish(), dead };
  }

  private cutLetterOf({ record, code, error }: DeadRecord): NewRecord {
    const { topic, partition, offset, value } = record;
    const key = record.key.slice(0, CUT_TEXT_CHARACTERS);
    const letter: DeadLetter = {
      ...{ topic, partition, offset, code, error: error.slice(0, CUT_TEXT_CHARACTERS), deadAtMs: this.diedAtMs },
      ...{ key: Buffer.from(key), value: Buffer.from(value.subarray(0, CUT_VALUE_BYTES)) },
      ...{ cutFromBytes: value.length, wholeSha256: createHash('sha256').update(value).digest() },
    };
    return { key, value: DeadLetter.encode(letter).finish() };
  }
}

/**
 * A topic may have taken records of any time once that it refuses now. What the record's time stood in for is in the event then, which is
 * judged once more where it comes to lie.
 */
function rerouteOf({ userId, event, record }: EventToFold, latestMs: number): Reroute {
  const { value, timestampMs, headers } = record;
  if (timestampMs <= latestMs) return { key: userId, value, timestampMs, headers, record };
  const received = event.receivedAtMs ? value : Event.encode({ ...event, receivedAtMs: timestampMs }).finish();
  return { key: userId, value: received, timestampMs: latestMs, headers, record };
}
