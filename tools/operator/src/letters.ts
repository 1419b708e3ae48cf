/** Dead letters: what they are, which are meant, and how they are given another attempt. */
import { DeadLetter, Event, TOPICS } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import { appendInSlices, type EventLog, type LogRecord, type NewRecord, partitionOf } from '@watchnext/event-log';
import { DAY_MS, DEAD_LETTER_CODES, refuse, userIdOf } from '@watchnext/features';
import { readTopic } from './read-topic';

export interface Letter extends DeadLetter {
  /** Where it lies in the dead-letter topic. */
  readonly letterOffset: number;
  /** The event inside; undefined where the bytes are none, or only the beginning of one. */
  readonly event: Event | undefined;
}

export interface LetterFilter {
  readonly codes?: readonly string[];
  readonly topic?: string;
  readonly partition?: number;
  readonly userId?: string;
  readonly eventId?: string;
  /** Died at or after. */
  readonly sinceMs?: number;
  /** Died before. */
  readonly untilMs?: number;
}

export interface ReplayOptions {
  readonly dryRun?: boolean;
  /** Marks the events as backfills, so that their age is no reason to refuse them. */
  readonly asBackfill?: boolean;
  readonly clock?: () => number;
}

export interface ReplayReport {
  /** Event ids that were sent, or, in a dry run, would be. */
  readonly sent: string[];
  /** What was not sent, by reason. */
  readonly skipped: { readonly letterOffset: number; readonly eventId: string; readonly reason: SkipReason }[];
}

/** cut: only the beginning of it was kept. replayed: an earlier replay of it is in the archive. repeated: an earlier letter of this run has the event. */
export type SkipReason = 'undecodable' | 'cut' | 'replayed' | 'repeated' | 'wrong-topic' | 'would-be-refused';

export interface LetterCounts {
  /** All there are. */
  letterCount: number;
  /** Those of them that the filter chooses. */
  readonly byCode: Record<string, number>;
  /** Records of the topic that are no letters, from whoever wrote them: passed over. */
  foreignRecordCount: number;
}

/** A filter that can match no letter there could be: a slip of the keyboard, which must not pass for "there are none". */
export class ImpossibleFilterError extends Error {}

/** More letters than may be held at once. */
export class TooManyLettersError extends Error {}

/** Of the letters that one replay holds: it looks all of them up in the archive together. */
const MAX_HELD = { letterCount: 200_000, bytes: 128 * 2 ** 20 };

/**
 * Gives the letters that a filter chooses, one after the other, and keeps none: a flood of bad records makes as many letters.
 *
 * @throws ImpossibleFilterError before any is given
 */
export async function forEachLetter(
  log: EventLog,
  partitionCount: number,
  filter: LetterFilter,
  use: (letter: Letter) => void,
): Promise<LetterCounts> {
  await requirePossible(log, partitionCount, filter);
  const counts: LetterCounts = { letterCount: 0, byCode: {}, foreignRecordCount: 0 };
  await readTopic(log, TOPICS.deadLetters, (record) => {
    const letter = letterOf(record);
    if (!letter) return void (counts.foreignRecordCount += 1);
    counts.letterCount += 1;
    if (!matches(letter, filter)) return;
    counts.byCode[letter.code] = (counts.byCode[letter.code] ?? 0) + 1;
    use(letter);
  });
  return counts;
}

/** @throws ImpossibleFilterError; TooManyLettersError beyond `held` */
export async function collectLetters(
  log: EventLog,
  partitionCount: number,
  filter: LetterFilter,
  held = MAX_HELD,
): Promise<{ letters: Letter[]; counts: LetterCounts }> {
  const letters: Letter[] = [];
  let bytes = 0;
  const counts = await forEachLetter(log, partitionCount, filter, (letter) => {
    bytes += letter.value.length;
    if (letters.length === held.letterCount || bytes > held.bytes)
      throw new TooManyLettersError(
        `more than ${letters.length} letters match, and as many are all that is held at once: choose fewer, as by --since and --until`,
      );
    letters.push(letter);
  });
  return { letters, counts };
}

/** What one letter there is has, as from an earlier version of a topic, may be asked for. */
async function requirePossible(log: EventLog, partitionCount: number, filter: LetterFilter): Promise<void> {
  const { codes = [], topic, partition = 0, sinceMs = -Infinity, untilMs = Infinity } = filter;
  if (sinceMs >= untilMs) throw new ImpossibleFilterError('--since: it is not before --until');
  const knownCodes = new Set<string>(DEAD_LETTER_CODES);
  const topics = new Set<string>([TOPICS.activity, TOPICS.catalog]);
  let lastPartition = partitionCount - 1;
  const unknownCode = () => codes.find((code) => !knownCodes.has(code));
  const isPossible = () =>
    unknownCode() === undefined && (topic === undefined || topics.has(topic)) && partition <= lastPartition;
  if (isPossible()) return;
  await readTopic(log, TOPICS.deadLetters, (record) => {
    const letter = letterOf(record);
    if (!letter) return;
    knownCodes.add(letter.code);
    topics.add(letter.topic);
    lastPartition = Math.max(lastPartition, letter.partition);
  });
  if (isPossible()) return;
  const code = unknownCode();
  if (code !== undefined)
    throw new ImpossibleFilterError(`--code: there is no ${code}; there are ${[...knownCodes].join(', ')}`);
  if (topic !== undefined && !topics.has(topic))
    throw new ImpossibleFilterError(`--topic: letters come from ${[...topics].join(', ')}`);
  throw new ImpossibleFilterError(`--partition: there are partitions 0 to ${lastPartition}`);
}

/** Beyond it there are no dates. */
const LAST_DATE_MS = 8.64e15;

/** Undefined where the bytes are no letter: each has a topic that it came from, a cause, and a time. */
function letterOf({ value, offset }: LogRecord): Letter | undefined {
  const letter = decode(() => DeadLetter.decode(value));
  if (!letter || letter.topic === '' || letter.code === '' || Math.abs(letter.deadAtMs) > LAST_DATE_MS)
    return undefined;
  const event = letter.cutFromBytes > 0 ? undefined : decode(() => Event.decode(letter.value));
  return { ...letter, letterOffset: offset, event };
}

/**
 * Sends the events of these letters to their topic again. An event goes once: a letter whose event is in the archive
 * at a later position was replayed before; and states drop an event whose id they know, should two replays race.
 *
 * @param archive with all but the last seconds of earlier replays
 */
export async function replayLetters(
  log: EventLog,
  archive: EventArchive,
  letters: readonly Letter[],
  { dryRun = false, asBackfill = false, clock = Date.now }: ReplayOptions = {},
): Promise<ReplayReport> {
  const report: ReplayReport = { sent: [], skipped: [] };
  const replayed = await findReplayed(log, archive, letters);
  const taken = new Set<string>();
  const byTopic = new Map<string, NewRecord[]>();
  for (const letter of letters) {
    const eventId = letter.event?.eventId ?? '';
    const skip = (reason: SkipReason) => report.skipped.push({ letterOffset: letter.letterOffset, eventId, reason });
    if (!letter.event) skip(letter.cutFromBytes > 0 ? 'cut' : 'undecodable');
    else if (letter.topic !== TOPICS.activity && letter.topic !== TOPICS.catalog) skip('wrong-topic');
    else if (replayed.has(letter)) skip('replayed');
    else if (taken.has(eventId)) skip('repeated');
    else {
      const event = asBackfill ? { ...letter.event, backfill: true } : letter.event;
      const key = userIdOf(event);
      // What cannot be folded now either would only die again.
      if (key === undefined || refuse(event, clock(), letter.topic)) skip('would-be-refused');
      else {
        taken.add(eventId);
        report.sent.push(eventId);
        const records = byTopic.get(letter.topic) ?? [];
        records.push({ key, value: Event.encode(event).finish(), timestampMs: clock() });
        byTopic.set(letter.topic, records);
      }
    }
  }
  if (dryRun) return report;
  for (const [topic, records] of byTopic) await appendInSlices(log, topic, records);
  return report;
}

/**
 * Which of these letters' events the archive has from after their death. Replays go to the partition of the event's user, so
 * what lies there is after a record of any other partition, and in the same one offsets tell: the clocks of producers, of the
 * materialiser and of this machine may differ.
 */
async function findReplayed(log: EventLog, archive: EventArchive, letters: readonly Letter[]): Promise<Set<Letter>> {
  const lastOffset = new Map<string, number>();
  const wanted = new Set(letters.flatMap(({ event }) => event?.eventId ?? []));
  if (wanted.size === 0) return new Set();
  const partitionCount = await log.partitionCount(TOPICS.activity);
  const ownPartition = (event: Event) => partitionOf(userIdOf(event) ?? '', partitionCount);
  // A record lies in the day of its receipt, at most a day before; and its neighbours may have put it one earlier.
  const firstDeadAtMs = letters.reduce((first, { deadAtMs }) => Math.min(first, deadAtMs), Infinity);
  const fromMs = firstDeadAtMs - 2 * DAY_MS;
  const fromDay = new Date(Math.max(0, fromMs)).toISOString().slice(0, 10);
  for await (const records of archive.read(TOPICS.activity, { order: 'offset', fromDay })) {
    for (const { value, partition, offset } of records) {
      const event = decode(() => Event.decode(value));
      if (!event || !wanted.has(event.eventId) || partition !== ownPartition(event)) continue;
      lastOffset.set(event.eventId, Math.max(offset, lastOffset.get(event.eventId) ?? 0));
    }
  }
  return new Set(
    letters.filter(({ event, topic, partition, offset }) => {
      const last = event && lastOffset.get(event.eventId);
      if (last === undefined || topic !== TOPICS.activity) return false;
      return partition !== ownPartition(event as Event) || last > offset;
    }),
  );
}

function matches(letter: Letter, filter: LetterFilter): boolean {
  const userId = letter.event && userIdOf(letter.event);
  return (
    (filter.codes === undefined || filter.codes.includes(letter.code)) &&
    (filter.topic === undefined || filter.topic === letter.topic) &&
    (filter.partition === undefined || filter.partition === letter.partition) &&
    (filter.userId === undefined || filter.userId === userId || letter.key.toString() === filter.userId) &&
    (filter.eventId === undefined || filter.eventId === letter.event?.eventId) &&
    (filter.sinceMs === undefined || letter.deadAtMs >= filter.sinceMs) &&
    (filter.untilMs === undefined || letter.deadAtMs < filter.untilMs)
  );
}

function decode<Message>(read: () => Message): Message | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
