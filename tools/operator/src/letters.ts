/** Dead letters: what they are, which are meant, and how they are given another attempt. */
import { DeadLetter, Event, TOPICS } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import { appendInSlices, type EventLog, type NewRecord, partitionOf } from '@watchnext/event-log';
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

export async function readLetters(log: EventLog): Promise<Letter[]> {
  const records = await readTopic(log, TOPICS.deadLetters);
  return records.map((record) => {
    const letter = DeadLetter.decode(record.value);
    const event = letter.cutFromBytes > 0 ? undefined : decode(letter.value);
    return { ...letter, letterOffset: record.offset, event };
  });
}

/** A filter that can match no letter there could be: a slip of the keyboard, which must not pass for "there are none". */
export class ImpossibleFilterError extends Error {}

/**
 * @param letters all there are: what one of them has, as from an earlier version of a topic, may be asked for
 * @throws ImpossibleFilterError
 */
export function chooseLetters(letters: readonly Letter[], filter: LetterFilter, partitionCount: number): Letter[] {
  const { codes = [], topic, partition, sinceMs = -Infinity, untilMs = Infinity } = filter;
  const knownCodes = new Set<string>([...DEAD_LETTER_CODES, ...letters.map(({ code }) => code)]);
  for (const code of codes) {
    if (!knownCodes.has(code))
      throw new ImpossibleFilterError(`--code: there is no ${code}; there are ${[...knownCodes].join(', ')}`);
  }
  const topics = new Set<string>([TOPICS.activity, TOPICS.catalog, ...letters.map((letter) => letter.topic)]);
  if (topic !== undefined && !topics.has(topic))
    throw new ImpossibleFilterError(`--topic: letters come from ${[...topics].join(', ')}`);
  const lastPartition = letters.reduce((last, letter) => Math.max(last, letter.partition), partitionCount - 1);
  if (partition !== undefined && partition > lastPartition)
    throw new ImpossibleFilterError(`--partition: there are partitions 0 to ${lastPartition}`);
  if (sinceMs >= untilMs) throw new ImpossibleFilterError('--since: it is not before --until');
  return letters.filter((letter) => matches(letter, filter));
}

export function countByCode(letters: readonly Letter[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code } of letters) counts[code] = (counts[code] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([, a], [, b]) => b - a));
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
      const event = decode(value);
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

function decode(value: Uint8Array): Event | undefined {
  try {
    return Event.decode(value);
  } catch {
    return undefined;
  }
}
