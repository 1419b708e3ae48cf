/**
 * Every bound of the user state and of the events that are let in. The state's bounds are part of its meaning (see
 * state.proto); changing one changes states, so features, so it needs models trained anew.
 */
import { DAY_MS, MINUTE_MS, SECOND_MS } from './time';

export const LIMITS = {
  // The state.
  /** Paper §3.3: the last 50 watches, of which only completed ones are any; and the last 50 searches. */
  newestCompleted: 50,
  searches: 50,
  /** Completed or not; what "recent" means to ranking. */
  newestPlaybacks: 50,
  /** All that both keep. */
  watches: 100,
  channels: 100,
  topics: 100,
  /** Videos shown; about a week of a daily viewer's home pages. */
  exposures: 300,
  dismissals: 200,
  seenEvents: 2000,
  /** Counters are uint32 on the wire: they stop here. */
  count: 2 ** 32 - 1,
  /** The total of playbacks is an int64 on the wire and a double here: it stops where doubles stop being exact. */
  total: Number.MAX_SAFE_INTEGER,

  // Time.
  /** An event whose id is older than this when received is refused, so that its id need not be remembered longer. */
  eventAgeMs: DAY_MS,
  /** How far a producer's clock may run ahead of the collector's. */
  clockAheadMs: 5 * MINUTE_MS,
  /**
   * How long event ids stay in the state: the age limit, and a little for collectors whose clocks differ, so that a
   * retry let in by a slow clock still meets the id that a fast clock let in.
   */
  seenWindowMs: DAY_MS + 10 * MINUTE_MS,
  /** Last time that fits a JavaScript date. */
  timeMs: 8.64e15,

  // Fields of events.
  idCharacters: 128,
  queryCharacters: 512,
  itemsPerImpressionsServed: 500,
  assignmentsPerImpressionsServed: 50,
  topicsPerVideo: 50,
  blockedChannels: 1000,
  /** More than there are countries. */
  countriesPerVideo: 300,
  reasonCharacters: 1024,
  positionSeconds: (7 * DAY_MS) / SECOND_MS,
  durationSeconds: (366 * DAY_MS) / SECOND_MS,
  ageYears: 150,

  // Search tokens.
  /** Words of one query that are kept; with their bigrams at most 2 × 16 − 1 tokens. */
  wordsPerQuery: 16,
  /** A word longer than this is cut; a token is one word or two with a space between. */
  wordCharacters: 40,

  // Labels.
  /** What a single impression can weigh in training: 3 hours. */
  labelWatchSeconds: 3 * 3600,
} as const;
